"""Backstage descriptors: which documents are entities, and what one says. Decided by content, never by name."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any

from app.catalog import relations
from app.catalog.annotations import MANAGED_BY, SOURCE_LOCATION, redact
from app.catalog.model import Entity, EntityRef
from app.catalog.validation import problems_of
from app.lib import forge_urls
from app.lib.documents import line_of

_GROUPS = re.compile(r"(?:backstage\.io|scaffolder\.backstage\.io)/v\w+")
_TEMPLATED = re.compile(r"\$\{\{|\{\{|\{%")
SKELETON = "is a template skeleton, filled in when a new project is made from it"


def recognises(document: Any) -> bool:
    """An entity document: a Backstage `apiVersion`, with a kind and metadata."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("apiVersion"), str)
        and _GROUPS.fullmatch(document["apiVersion"]) is not None
        and "kind" in document
        and "metadata" in document
    )


def is_skeleton(document: Mapping[str, Any]) -> bool:
    """Whether its identity is still to be filled in. A Template itself speaks of `${{ }}` in its steps only.

    `{{` in a description or an API's definition is somebody's own text and means nothing.
    """
    metadata, spec = _mapping(document, "metadata"), _mapping(document, "spec")
    if str(document.get("kind")).lower() == "template":
        spec = {}
    short = {key: value for key, value in spec.items() if key != "definition"}
    named = [document.get("kind"), metadata.get("name"), metadata.get("namespace"), *short.values()]
    return bool(_TEMPLATED.search(_dumped(named)) or "${{" in _dumped([metadata]))


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _dumped(values: list[Any]) -> str:
    return json.dumps(values, default=str)


def read_entity(document: Mapping[str, Any], path: str, repository: str, *, ignored: str = "") -> Entity:
    """One entity, valid or not; `problems` says what is wrong. Secrets are gone before anything is kept."""
    clean = redact(document)
    metadata = clean.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kind, name = str(document.get("kind") or "Unknown"), str(metadata.get("name") or "unnamed")
    namespace = str(metadata.get("namespace") or "default")
    ref = EntityRef(kind.lower(), namespace.lower(), name.lower())
    skeleton = SKELETON if is_skeleton(document) else ""
    texts = metadata.get("annotations")
    texts = texts if isinstance(texts, dict) else {}
    source, managed = (str(texts.get(key) or "") for key in (SOURCE_LOCATION, MANAGED_BY))
    return Entity(
        ref=ref,
        kind=kind,
        name=name,
        namespace=namespace,
        document=clean,
        repository=repository,
        path=path,
        line=line_of(document),
        root=_root(path, source, repository),
        source_location=source,
        managed_by_location=managed,
        ignored=ignored or skeleton,
        problems=() if ignored or skeleton else problems_of(document, path),
        relations=relations.stated(ref, document),
    )


def _root(path: str, source_location: str, repository: str) -> str:
    """The entity's own folder: what `source-location` says when it points into this repository, else where it lies."""
    kind, _, target = source_location.partition(":")
    place = forge_urls.split(target) if kind == "url" else None
    if place is not None and place.repository.lower() == repository.lower():
        return place.path
    return posixpath.dirname(path)
