"""A world in which one repository is as an inventory has it; all else is as the world beneath says.

For a proposed change (`gate`), for what is handed in (`simulate`), and for fixes while they are tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.catalog.model import Catalog, EntityRef
from app.facts.inventory import Found, Inventory
from app.facts.model import Unknown
from app.facts.parameters import Parameters
from app.facts.pushed import Pushed
from app.facts.unseen import UnreadablePlace
from app.facts.world import InventoryView, Owned, RepositoryView, World
from app.pipeline.standing_in import standing_in


@dataclass
class LaidOver:
    """Implements `facts.world.World`. `catalog` and `owned` know the entities of this very inventory.

    `kinds`: what the repository provides for others, where it is an evidence repository. `known_as` gives the name that
    another name of a repository stands for. `applied`: the inventory lies in no repository yet, so an object replaces
    its namesake wherever that lies. `reported` false: reports were seen of another commit, and say nothing of this one.
    """

    beneath: World
    inventory: Inventory
    catalog: Catalog
    owned: Owned
    kinds: Collection[str] = ()
    known_as: Callable[[str], str] = str
    applied: bool = False
    reported: bool = True

    @property
    def catalog_complete(self) -> bool:
        return self.beneath.catalog_complete

    @property
    def parameters(self) -> Parameters:
        return self.beneath.parameters

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        others = [one for one in self.beneath.objects(ref, kind) if one.repository != self.inventory.url]
        here = self._objects.get((ref, kind), ())
        return sorted(standing_in(others, here) if self.applied else [*others, *here], key=_position)

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        others = [one for one in self.beneath.unreadable(ref, group) if one.repository != self.inventory.url]
        return [*others, *self._unreadable.get((ref, group), ())]

    def shared(self, kind: str) -> Sequence[Found]:
        others = [one for one in self.beneath.shared(kind) if one.repository != self.inventory.url]
        return [*others, *(self.inventory.of(kind) if kind in self.kinds else ())]

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        return self.beneath.pushed(ref) if self.reported else ()

    def repository(self, url: str) -> RepositoryView | Unknown:
        if self.inventory.url in (url, self.known_as(url)):
            return InventoryView(self.inventory)
        return self.beneath.repository(url)

    @property
    def owners(self) -> set[EntityRef]:
        """Whose objects, or unreadable files, lie in the repository."""
        return {ref for ref, _ in (*self._objects, *self._unreadable)}

    @cached_property
    def _objects(self) -> Mapping[tuple[EntityRef, str], list[Found]]:
        owned: dict[tuple[EntityRef, str], list[Found]] = defaultdict(list)
        for found in self.inventory.found:
            for ref in self.owned(found):
                owned[ref, found.object.kind].append(found)
        return owned

    @cached_property
    def _unreadable(self) -> Mapping[tuple[EntityRef, str], list[UnreadablePlace]]:
        owned: dict[tuple[EntityRef, str], list[UnreadablePlace]] = defaultdict(list)
        for place in self.inventory.unreadable:
            for ref in self.owned(place):
                owned[ref, place.group].append(place)
        return owned


def _position(found: Found) -> tuple[str, str, int]:
    return found.repository, found.path, found.object.line
