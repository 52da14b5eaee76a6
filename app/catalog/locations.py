"""Where an entity's code lies: by its source location, else where its descriptor lies (found by us, or told)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from app.catalog.annotations import MANAGED_BY, SOURCE_LOCATION
from app.catalog.model import Entity
from app.lib import forge_urls


@dataclass(frozen=True, slots=True)
class Location:
    """A folder in a repository (`path` "" is its root). `file` is the descriptor, where one is known."""

    repository: str
    ref: str = ""
    path: str = ""
    file: str = ""


def locate(entity: Entity) -> Location | None:
    """The entity's own folder, or None when nothing tells it."""
    descriptor = _descriptor(entity)
    source = _parse(entity.source_location or entity.annotations.get(SOURCE_LOCATION, ""), bare=True)
    if source is not None:
        file = descriptor.file if descriptor is not None and descriptor.repository == source.repository else ""
        return Location(source.repository, source.ref, _folder(source.path), file)
    return descriptor


def _descriptor(entity: Entity) -> Location | None:
    if entity.repository:
        return Location(entity.repository, "", entity.root, entity.path)
    place = _parse(entity.managed_by_location or entity.annotations.get(MANAGED_BY, ""), bare=False)
    if place is None:
        return None
    return Location(place.repository, place.ref, posixpath.dirname(place.path), place.path)


def _parse(location: str, *, bare: bool) -> forge_urls.ForgePlace | None:
    """`url:<target>` split at the first colon only. `bare`: the URL of a whole repository counts too."""
    kind, _, target = location.partition(":")
    if kind != "url":
        return None
    place = forge_urls.repository_of(target) if bare else forge_urls.split(target)
    return None if place is None or any(ord(character) < 33 for character in place.repository) else place


def _folder(path: str) -> str:
    """A source location should name a folder; where it names the descriptor, its folder is meant."""
    return posixpath.dirname(path) if path.endswith((".yaml", ".yml", ".json")) else path
