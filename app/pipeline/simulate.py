"""What this service would say if a repository were as someone has it on a laptop or in CI. Nothing is kept.

The reader's store and catalog stay as they are, but for that repository: its entities, objects and paths are those
handed in. So at the same commit the verdicts are the service's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.catalog.model import Catalog, EntityRef
from app.facts.inventory import Found, Inventory
from app.facts.model import Unknown
from app.facts.parameters import Parameters
from app.facts.pushed import Pushed
from app.facts.pushed_world import PushedWorld
from app.facts.unseen import UnreadablePlace
from app.facts.world import InventoryView, RepositoryView
from app.pipeline.handed import NAMELESS, PLACE
from app.pipeline.scoring import Judged, Owner, attribution_rules, score
from app.pipeline.services import Pipeline
from app.pipeline.standing_in import standing_in
from app.pipeline.stored_world import StoredWorld


@dataclass
class ReplacedWorld:
    """A stored world in which one repository is another. Implements `facts.world.World`.

    `applied`: what is handed in lies in no repository yet, so an object replaces its namesake wherever that lies.
    """

    stored: StoredWorld
    catalog: Catalog
    inventory: Inventory
    applied: bool = False
    _objects: Mapping[tuple[EntityRef, str], list[Found]] = field(default_factory=dict)
    _unreadable: Mapping[tuple[EntityRef, str], list[UnreadablePlace]] = field(default_factory=dict)

    @property
    def catalog_complete(self) -> bool:
        return True

    @property
    def parameters(self) -> Parameters:
        return self.stored.parameters

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        others = [one for one in self.stored.objects(ref, kind) if one.repository != self.inventory.url]
        mine = self._objects.get((ref, kind), ())
        return sorted(standing_in(others, mine) if self.applied else [*others, *mine], key=_position)

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        others = [one for one in self.stored.unreadable(ref, group) if one.repository != self.inventory.url]
        return [*others, *self._unreadable.get((ref, group), ())]

    def shared(self, kind: str) -> Sequence[Found]:
        others = [one for one in self.stored.shared(kind) if one.repository != self.inventory.url]
        provides = kind in self.stored.evidence.get(self.inventory.url, ())
        return [*others, *(self.inventory.of(kind) if provides else ())]

    def repository(self, url: str) -> RepositoryView | Unknown:
        if url == self.inventory.url or self.stored.known_as(url) == self.inventory.url:
            return InventoryView(self.inventory)
        return self.stored.repository(url)

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        return self.stored.pushed(ref)


def known_as(pipeline: Pipeline, url: str) -> str:
    """The name under which a repository is crawled: a clone may know it by another."""
    return pipeline.store.repositories.aliases().get(url, url)


def simulate(pipeline: Pipeline, inventory: Inventory, now: datetime, *, owners: bool = False) -> list[Judged]:
    """Judges every entity of a repository as it is handed in. `inventory.url` is as `known_as` says.

    With `owners` also entities declared elsewhere whose objects these are; one made up for what is theirs is left out.
    """
    world = replaced_world(pipeline, inventory, _replaced(pipeline.known().catalog, inventory), now)
    refs = _with_owners(pipeline, inventory) if owners else _refs(inventory)
    mine = [entity for ref in refs if (entity := world.catalog.get(ref)) is not None]
    waivers = pipeline.store.waivers.in_force([entity.ref for entity in mine], now)
    return [
        score(pipeline.policy, one, world, now, commit=inventory.commit, waivers=waivers.get(one.ref, ()))
        for one in mine
    ]


def _with_owners(pipeline: Pipeline, inventory: Inventory) -> list[EntityRef]:
    owner = Owner(pipeline.known().attributor.replacing(inventory.url, inventory.entities))
    placed: list[Found | UnreadablePlace] = [*inventory.found, *inventory.unreadable]
    theirs = sorted({ref for one in placed if not one.ignored for ref in owner(one)})
    made_up = {one.ref for one in inventory.entities if one.provisional}
    own = [ref for ref in _refs(inventory) if ref not in made_up or ref in theirs or not theirs]
    return list(dict.fromkeys([*own, *theirs]))


def replaced_world(pipeline: Pipeline, inventory: Inventory, catalog: Catalog, now: datetime) -> PushedWorld:
    """The stored world, reports included, with one repository as the inventory has it."""
    known = pipeline.known()
    owner = Owner(known.attributor.replacing(inventory.url, inventory.entities))
    evidence = attribution_rules(pipeline.policy, pipeline.evidence).evidence
    stored = StoredWorld(pipeline.store, catalog, pipeline.parameters, now, evidence=evidence)
    applied = inventory.url == f"{PLACE}{NAMELESS}"
    world = ReplacedWorld(stored, catalog, inventory, applied, _owned(inventory, owner), _unread(inventory, owner))
    return PushedWorld(world, stored.pushed, now)


def _refs(inventory: Inventory) -> list[EntityRef]:
    return list(dict.fromkeys(one.ref for one in inventory.entities if not one.ignored and one.identified))


def _replaced(catalog: Catalog, inventory: Inventory) -> Catalog:
    """What a catalog tells, or another repository declares, counts before what is handed in."""
    others = [one for one in catalog.entities.values() if one.repository != inventory.url or one.provider]
    return Catalog.of([*others, *inventory.entities])


def _owned(inventory: Inventory, owner: Owner) -> dict[tuple[EntityRef, str], list[Found]]:
    found: dict[tuple[EntityRef, str], list[Found]] = defaultdict(list)
    for one in inventory.found:
        for ref in owner(one):
            found[ref, one.object.kind].append(one)
    return found


def _unread(inventory: Inventory, owner: Owner) -> dict[tuple[EntityRef, str], list[UnreadablePlace]]:
    found: dict[tuple[EntityRef, str], list[UnreadablePlace]] = defaultdict(list)
    for place in inventory.unreadable:
        for ref in owner(place):
            found[ref, place.group].append(place)
    return found


def _position(found: Found) -> tuple[str, str, int]:
    return found.repository, found.path, found.object.line
