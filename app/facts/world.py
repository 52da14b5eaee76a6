"""What retrievers may ask: the catalog, an entity's objects, and other repositories. One in memory, one over the store.

`MemoryWorld` serves `check`, `facts` and the tests; the store's own world shares `InventoryView`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from app.catalog.model import Catalog, Entity, EntityRef
from app.facts.inventory import Found, Inventory
from app.facts.model import Reason, Unknown
from app.facts.parameters import Parameters
from app.facts.pushed import Pushed
from app.facts.unseen import UnreadablePlace
from app.formats.code_owners import PLACES
from app.lib.problems import Problem


class OutdatedError(ValueError):
    """What is known was read by another version of the readers, and its repository could not be read again since."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} was read by another version, and can't be read again yet")


class RepositoryView(Protocol):
    """One crawled repository, as far as facts need it."""

    @property
    def url(self) -> str: ...

    @property
    def commit(self) -> str: ...

    def has(self, path: str) -> bool:
        """A file or folder stands there; "" is the root."""

    def spelled(self, path: str) -> str:
        """The file at a path whatever its case, as the repository spells it; "" where there is none."""

    def runbook(self, path: str) -> Found | None:
        """The Markdown page at a path."""

    def codeowners(self) -> Found | None:
        """The CODEOWNERS file in force."""

    def pipelines(self) -> Sequence[Found]:
        """What a CI service runs for the repository as a whole, whoever owns what in it."""

    def problems(self, paths: Iterable[str]) -> Sequence[Problem]:
        """What is wrong in those files."""


class World(Protocol):
    """What is known at one moment. `catalog_complete` is false where only one repository's entities are known."""

    @property
    def catalog(self) -> Catalog: ...

    @property
    def catalog_complete(self) -> bool: ...

    @property
    def parameters(self) -> Parameters: ...

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        """The entity's objects of one kind (`alert_rule`, `objective`, `runbook` …), in order of place. Raises
        OutdatedError."""

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        """What lies in the entity's scope and can't be read."""

    def shared(self, kind: str) -> Sequence[Found]:
        """Objects of one kind in the evidence repositories that provide it: nobody's own, and everyone's to look up."""

    def repository(self, url: str) -> RepositoryView | Unknown:
        """A crawled repository, or why it can't be seen (`not_connected` when it is not crawled)."""

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        """What others reported of an entity, expired reports too."""


def commit_of(entity: Entity, world: World) -> str:
    """The commit at which an entity's descriptor was read; "" where no repository that is crawled holds it."""
    view = world.repository(entity.repository) if entity.repository else None
    return "" if view is None or isinstance(view, Unknown) else view.commit


Owned = Callable[[Found | UnreadablePlace], Iterable[EntityRef]]
"""Whose an object is; nobody's is empty."""


def spellings(paths: Iterable[str]) -> dict[str, str]:
    """Paths by their lower case; of several that differ by case only, the first in order."""
    return {path.lower(): path for path in sorted(paths, reverse=True)}


@dataclass
class InventoryView:
    """A repository's view over its inventory."""

    inventory: Inventory

    @property
    def url(self) -> str:
        return self.inventory.url

    @property
    def commit(self) -> str:
        return self.inventory.commit

    def has(self, path: str) -> bool:
        path = path.strip("/")
        return path in self.inventory.paths or path == "" or path in self.inventory.folders

    def spelled(self, path: str) -> str:
        return self._spellings.get(path.lower(), "")

    def runbook(self, path: str) -> Found | None:
        return self._runbooks.get(path)

    def codeowners(self) -> Found | None:
        files = {found.path: found for found in self.inventory.of("codeowners")}
        return next((files[place] for place in PLACES if place in files), None)

    def pipelines(self) -> Sequence[Found]:
        return self.inventory.of("pipeline")

    def problems(self, paths: Iterable[str]) -> Sequence[Problem]:
        wanted = frozenset(paths)
        return [problem for problem in self.inventory.problems if problem.path in wanted]

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return spellings(self.inventory.paths)

    @cached_property
    def _runbooks(self) -> Mapping[str, Found]:
        return {found.path: found for found in self.inventory.of("runbook")}


@dataclass
class MemoryWorld:
    """A world made of inventories. `owned` says whose an object is; `unseen` why some repositories can't be read.

    `evidence`: repository → kinds of objects it provides for others. `aliases`: other name → the inventory's URL.
    """

    inventories: Sequence[Inventory]
    catalog: Catalog
    owned: Owned
    parameters: Parameters = field(default_factory=Parameters)
    catalog_complete: bool = True
    unseen: Mapping[str, Unknown] = field(default_factory=dict)
    evidence: Mapping[str, frozenset[str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        return self._objects.get((ref, kind), ())

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        return self._unreadable.get((ref, group), ())

    def shared(self, kind: str) -> Sequence[Found]:
        providing = [one for one in self.inventories if kind in self.evidence.get(one.url, ())]
        return [found for inventory in providing for found in inventory.of(kind)]

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        return ()

    def repository(self, url: str) -> RepositoryView | Unknown:
        known = self._views.get(self.aliases.get(url, url))
        if known is not None:
            return known
        return self.unseen.get(url) or Unknown(Reason.NOT_CONNECTED, f"{url} is not among the crawled repositories")

    @cached_property
    def _views(self) -> Mapping[str, InventoryView]:
        return {inventory.url: InventoryView(inventory) for inventory in self.inventories}

    @cached_property
    def _objects(self) -> Mapping[tuple[EntityRef, str], Sequence[Found]]:
        owned: dict[tuple[EntityRef, str], list[Found]] = defaultdict(list)
        for inventory in self.inventories:
            for found in inventory.found:
                for ref in self.owned(found):
                    owned[ref, found.object.kind].append(found)
        return {key: sorted(things, key=_position) for key, things in owned.items()}

    @cached_property
    def _unreadable(self) -> Mapping[tuple[EntityRef, str], Sequence[UnreadablePlace]]:
        owned: dict[tuple[EntityRef, str], list[UnreadablePlace]] = defaultdict(list)
        for inventory in self.inventories:
            for place in inventory.unreadable:
                for ref in self.owned(place):
                    owned[ref, place.group].append(place)
        return owned


def _position(found: Found) -> tuple[str, str, int]:
    return found.repository, found.path, found.object.line
