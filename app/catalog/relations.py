"""Relations that an entity's spec states. Their inverses are derived by `model.Catalog`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.catalog.model import INVERSE, EntityRef, Relation
from app.catalog.validation import REFERENCES
from app.lib.documents import line_of

_TYPES: Mapping[str, str] = {
    "owner": "ownedBy",
    "system": "partOf",
    "domain": "partOf",
    "subcomponentOf": "partOf",
    "subdomainOf": "partOf",
    "parent": "childOf",
    "providesApis": "providesApi",
    "consumesApis": "consumesApi",
    "dependsOn": "dependsOn",
    "dependencyOf": "dependencyOf",
    "children": "parentOf",
    "members": "hasMember",
    "memberOf": "memberOf",
}


def stated(ref: EntityRef, document: Mapping[str, Any]) -> tuple[Relation, ...]:
    """The relations of a spec; a broken reference is left out (validation tells of it)."""
    spec = document.get("spec")
    return tuple(_stated(ref, spec)) if isinstance(spec, dict) else ()


def _stated(ref: EntityRef, spec: Mapping[str, Any]) -> Iterator[Relation]:
    for key, type_ in _TYPES.items():
        default, many = REFERENCES[key]
        value = spec.get(key)
        for index, text in enumerate(value if isinstance(value, list) and many else [value]):
            line = line_of(value, index) if isinstance(value, list) else line_of(spec, key)
            if isinstance(text, str) and (target := _parsed(text, default, ref.namespace)) is not None:
                yield Relation(ref, type_, target, line)


def _parsed(text: str, kind: str, namespace: str) -> EntityRef | None:
    try:
        return EntityRef.parse(text, kind=kind or None, namespace=namespace)
    except ValueError:
        return None


assert set(_TYPES.values()) <= set(INVERSE)
