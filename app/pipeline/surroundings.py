"""What is known around something that does not exist yet, small enough to be handed to another process.

A fix of what strangers hand over is made apart (`mend_apart`), where there is no store. So it gets the entities around
those that are handed in (who owns them, who those are, what they are part of and depend on) and what lies elsewhere
and is theirs; nothing else of the catalog, and only what the reader may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from app.catalog.model import INVERSE, Catalog, Entity, EntityRef
from app.facts import codec, wire
from app.facts.inventory import Found
from app.facts.model import Reason, Unknown
from app.facts.parameters import Parameters
from app.facts.pushed import Pushed
from app.facts.unseen import UnreadablePlace
from app.facts.world import OutdatedError, RepositoryView, World

_MOST_ENTITIES, _MOST_OBJECTS, _MOST_NAMED = 400, 2_000, 50
_UPWARDS = ("ownedBy", "childOf", "hasMember", "partOf")
"""From what is next to it on: whose it is, who is in that group, what it is a part of."""
_NAMED = ("group", "system")
"""Kinds that a question may suggest."""


def around(refs: Sequence[EntityRef], world: World, inventory_url: str) -> dict[str, Any]:
    """The surroundings of some entities as JSON. What lies in the repository that is handed in is left out."""
    near = _near(refs, world.catalog)
    entities = world.catalog.known(near)
    objects: list[Any] = []
    outdated: list[Any] = []
    for ref, kind in product(near, codec.KINDS):
        try:
            found = [one for one in world.objects(ref, kind) if one.repository != inventory_url]
        except OutdatedError as error:
            outdated.append([str(ref), kind, error.path])
        else:
            objects += [[str(ref), one.repository, one.commit, wire.found_body(one)] for one in found]
    return {
        "entities": [wire.entity_body(one) for one in entities],
        "objects": objects[:_MOST_OBJECTS],
        "outdated": outdated,
    }


def _near(refs: Sequence[EntityRef], catalog: Catalog) -> list[EntityRef]:
    found = dict.fromkeys(refs)
    wave: list[EntityRef] = list(refs)
    kinds: Iterable[str] = INVERSE
    while wave and len(found) < _MOST_ENTITIES:
        beside = [other for ref in wave for kind in kinds for other in catalog.related(ref, kind)]
        wave = [one for one in dict.fromkeys(beside) if one not in found]
        found.update(dict.fromkeys(wave))
        kinds = _UPWARDS
    for kind in _NAMED:
        found.update(dict.fromkeys(catalog.of_kind(kind)[:_MOST_NAMED]))
    return list(found)[: _MOST_ENTITIES + len(_NAMED) * _MOST_NAMED]


@dataclass(frozen=True)
class Surroundings:
    """Implements `facts.world.World`: a world of nothing but what was handed over with it."""

    catalog: Catalog
    parameters: Parameters
    known: Mapping[tuple[EntityRef, str], Sequence[Found]]
    outdated: Mapping[tuple[EntityRef, str], str]
    """Of what can't be told, whose repository could not be read again: where one of that kind lies."""
    catalog_complete: bool = True
    """All that those entities refer to and that is known is in it."""

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        if path := self.outdated.get((ref, kind)):
            raise OutdatedError(path)
        return self.known.get((ref, kind), ())

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        return ()

    def shared(self, kind: str) -> Sequence[Found]:
        return ()

    def repository(self, url: str) -> RepositoryView | Unknown:
        return Unknown(Reason.NOT_CONNECTED, f"{url} is not shown to what does not exist yet")

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        return ()


def surroundings_from(body: Mapping[str, Any], parameters: Parameters) -> Surroundings:
    """The surroundings again."""
    known: dict[tuple[EntityRef, str], list[Found]] = {}
    for ref, repository, commit, told in body["objects"]:
        found = wire.found_from(told, repository, commit)
        known.setdefault((EntityRef.parse(ref), found.object.kind), []).append(found)
    entities: list[Entity] = [wire.entity_from(one) for one in body["entities"]]
    outdated = {(EntityRef.parse(ref), kind): path for ref, kind, path in body["outdated"]}
    return Surroundings(Catalog.of(entities), parameters, known, outdated)
