"""A Backstage catalog as provider: its entities, and the repositories their locations name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.catalog import locations, relations
from app.catalog.annotations import MANAGED_BY, ORPHAN, SOURCE_LOCATION, redact
from app.catalog.model import INVERSE, Entity, EntityRef, Relation
from app.catalog.providers.model import Discovery, Listed
from app.clients.backstage import BackstageClient
from app.lib.problems import Problem

_MOST_TEXT = 500


@dataclass(frozen=True, slots=True)
class BackstageCatalog:
    """`label` is the source's name in the settings."""

    label: str
    client: BackstageClient

    @property
    def name(self) -> str:
        return f"backstage {self.label}"

    def discover(self) -> Discovery:
        told: dict[EntityRef, Entity] = {}
        for item in self.client.entities():
            entity = entity_of(item, provider=self.name)
            if entity is not None:
                told.setdefault(entity.ref, entity)
        entities = tuple(told.values())
        urls = dict.fromkeys(entity.repository for entity in entities if entity.repository)
        return Discovery(tuple(Listed(url) for url in urls), entities)


def entity_of(item: Mapping[str, Any], *, provider: str = "") -> Entity | None:
    """One entity of the API, or None when it has no identity. `uid` and `etag` are left out of the document.

    Its relations and processing errors are the catalog's word: they count instead of what the spec says.
    """
    ref = _ref(item)
    if ref is None:
        return None
    metadata = {key: value for key, value in item["metadata"].items() if key not in ("uid", "etag")}
    spec = item.get("spec")
    document = redact({"apiVersion": item.get("apiVersion"), "kind": item["kind"], "metadata": metadata, "spec": spec})
    given = document["metadata"].get("annotations")
    annotations = given if isinstance(given, dict) else {}
    etag = item["metadata"].get("etag")
    entity = Entity(
        ref=ref,
        kind=item["kind"],
        name=metadata["name"],
        namespace=str(metadata.get("namespace") or "default"),
        document=document,
        source_location=_text(annotations.get(SOURCE_LOCATION)),
        managed_by_location=_text(annotations.get(MANAGED_BY)),
        provider=provider,
        etag=_text(etag),
        orphan=annotations.get(ORPHAN) == "true",
        relations=_relations(ref, item),
    )
    place = locations.locate(entity)
    if place is not None:
        entity = replace(entity, repository=place.repository, root=place.path, path=place.file)
    return replace(entity, problems=tuple(_problems(item, entity)))


def _ref(item: Mapping[str, Any]) -> EntityRef | None:
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        return None
    kind, name = item.get("kind"), metadata.get("name")
    namespace = metadata.get("namespace") or "default"
    if not (isinstance(kind, str) and isinstance(name, str) and isinstance(namespace, str) and kind and name):
        return None
    return EntityRef(kind.lower(), namespace.lower(), name.lower())


def _relations(ref: EntityRef, item: Mapping[str, Any]) -> tuple[Relation, ...]:
    told = item.get("relations")
    if not isinstance(told, list):
        return relations.stated(ref, item)
    return tuple(dict.fromkeys(_told(ref, told)))


def _told(ref: EntityRef, told: list[Any]) -> Iterator[Relation]:
    """Relation types that Backstage does not define itself have no known inverse, and are left out."""
    for relation in told:
        given = relation if isinstance(relation, dict) else {}
        type_, target = given.get("type"), given.get("targetRef")
        if not isinstance(target, str) or not isinstance(type_, str) or type_ not in INVERSE:
            continue
        try:
            yield Relation(ref, type_, EntityRef.parse(target))
        except ValueError:
            continue


def _problems(item: Mapping[str, Any], entity: Entity) -> Iterator[Problem]:
    status = item.get("status")
    found = status.get("items") if isinstance(status, dict) else None
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and one.get("level") == "error":
            text = redact({"text": _text(one.get("message"))})["text"][:_MOST_TEXT] or "gives no reason"
            yield Problem(entity.path, 1, "catalog-processing", f"the catalog can't process it: {text}")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
