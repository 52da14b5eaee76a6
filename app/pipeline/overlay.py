"""A world in which one repository says what another commit of it says; all else is as it is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.attribution.attribute import Attributor
from app.catalog.model import Catalog, EntityRef
from app.facts.inventory import Found, Inventory
from app.facts.model import Unknown
from app.facts.parameters import Parameters
from app.facts.pushed import Pushed
from app.facts.unseen import UnreadablePlace
from app.facts.world import InventoryView, RepositoryView
from app.pipeline.stored_world import StoredWorld


@dataclass
class OverlayWorld:
    """Implements `facts.world.World`. `catalog` and `attributor` know the entities of this very inventory.

    `kinds`: what the repository provides for others, where it is an evidence repository.
    """

    stored: StoredWorld
    inventory: Inventory
    catalog: Catalog
    attributor: Attributor
    kinds: frozenset[str] = frozenset()

    @property
    def catalog_complete(self) -> bool:
        return self.stored.catalog_complete

    @property
    def parameters(self) -> Parameters:
        return self.stored.parameters

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        elsewhere = [one for one in self.stored.objects(ref, kind) if one.repository != self.inventory.url]
        here = self._objects.get((ref, kind), [])
        return sorted([*elsewhere, *here], key=lambda found: (found.repository, found.path, found.object.line))

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        elsewhere = [one for one in self.stored.unreadable(ref, group) if one.repository != self.inventory.url]
        return [*elsewhere, *self._unreadable.get((ref, group), [])]

    def shared(self, kind: str) -> Sequence[Found]:
        elsewhere = [one for one in self.stored.shared(kind) if one.repository != self.inventory.url]
        return [*elsewhere, *(self.inventory.of(kind) if kind in self.kinds else ())]

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        """None: what was reported was seen of the default branch, and says nothing of this commit."""
        return ()

    def repository(self, url: str) -> RepositoryView | Unknown:
        found = self.stored.repository(url)
        if url == self.inventory.url or getattr(found, "url", "") == self.inventory.url:
            return InventoryView(self.inventory)
        return found

    @property
    def owners(self) -> set[EntityRef]:
        """Whose objects, or unreadable files, lie in the repository."""
        return {ref for ref, _ in (*self._objects, *self._unreadable)}

    @cached_property
    def _objects(self) -> Mapping[tuple[EntityRef, str], list[Found]]:
        owned: dict[tuple[EntityRef, str], list[Found]] = defaultdict(list)
        for found in self.inventory.found:
            for ref in self.attributor.of(found).refs:
                owned[ref, found.object.kind].append(found)
        return owned

    @cached_property
    def _unreadable(self) -> Mapping[tuple[EntityRef, str], list[UnreadablePlace]]:
        owned: dict[tuple[EntityRef, str], list[UnreadablePlace]] = defaultdict(list)
        for place in self.inventory.unreadable:
            for ref in self.attributor.of_place(place.repository, place.path).refs:
                owned[ref, place.group].append(place)
        return owned
