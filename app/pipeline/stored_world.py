"""The service's world: what retrievers ask, answered from the store. Made for one judging; views are cached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath

from app.catalog.model import Catalog, EntityRef
from app.facts import codec
from app.facts.inventory import Found, UnreadablePlace
from app.facts.model import Reason, Unknown
from app.facts.parameters import Parameters
from app.facts.world import RepositoryView as View
from app.facts.world import spellings
from app.formats.code_owners import PLACES
from app.lib.problems import Problem
from app.repos.model import LastChange
from app.store.model import StoredObject
from app.store.repositories import RepositoryView
from app.store.store import Store


def placed(stored: StoredObject) -> Found:
    """A stored object as retrievers know it."""
    thing = codec.decode(codec.KINDS[stored.kind], stored.body)
    changed = LastChange(stored.changed_at, stored.changed_exact) if stored.changed_at else None
    return Found(thing, stored.repository, stored.commit, stored.path, stored.ignored, changed)


@dataclass
class StoredView:
    """One repository as last read. Pages are loaded one by one: a link asks for one of thousands."""

    store: Store
    row: RepositoryView

    @property
    def url(self) -> str:
        return self.row.url

    @property
    def commit(self) -> str:
        return self.row.tip

    def has(self, path: str) -> bool:
        path = path.strip("/")
        return path in self.row.paths or path == "" or path in self._folders

    def spelled(self, path: str) -> str:
        return self._spellings.get(path.lower(), "")

    def runbook(self, path: str) -> Found | None:
        return self._first("runbook", path) if path in self.row.paths else None

    def codeowners(self) -> Found | None:
        place = next((place for place in PLACES if place in self.row.paths), None)
        return self._first("codeowners", place) if place else None

    def problems(self, paths: Iterable[str]) -> Sequence[Problem]:
        wanted = frozenset(paths)
        return [one.problem for one in self.store.objects.problems(self.url) if one.problem.path in wanted]

    def _first(self, kind: str, path: str) -> Found | None:
        found = self.store.objects.of_repository(self.url, kind, path)
        return placed(found[0]) if found else None

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return spellings(self.row.paths)

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(str(parent) for path in self.row.paths for parent in PurePosixPath(path).parents)


@dataclass
class StoredWorld:
    """Implements `facts.world.World` over the store. Aliases let links name a clone by where it came from."""

    store: Store
    catalog: Catalog
    parameters: Parameters
    now: datetime
    catalog_complete: bool = True
    evidence: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _views: dict[str, View | Unknown] = field(default_factory=dict)
    _owned: dict[EntityRef, list[StoredObject]] = field(default_factory=dict)
    _shared: dict[str, list[Found]] = field(default_factory=dict)

    def prepare(self, refs: Sequence[EntityRef]) -> None:
        """Loads the objects of several entities at once."""
        self._owned = {ref: [] for ref in refs} | self.store.objects.of_entities(refs)

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        if ref not in self._owned:
            self._owned[ref] = self.store.objects.of_entity(ref)
        return [placed(one) for one in self._owned[ref] if one.kind == kind]

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        return [
            UnreadablePlace(one.group, one.repository, one.commit, one.path, one.line, one.reason, one.ignored)
            for one in self.store.objects.unreadable_of(ref, group)
        ]

    def shared(self, kind: str) -> Sequence[Found]:
        if kind not in self._shared:
            urls = [url for url, kinds in self.evidence.items() if kind in kinds]
            stored = [one for url in urls for one in self.store.objects.of_repository(url, kind)]
            self._shared[kind] = [placed(one) for one in stored]
        return self._shared[kind]

    def repository(self, url: str) -> View | Unknown:
        if url not in self._views:
            self._views[url] = self._view(self._aliases.get(url, url))
        return self._views[url]

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return self.store.repositories.aliases()

    def _view(self, url: str) -> View | Unknown:
        row = self.store.repositories.get(url, self.now)
        if row is None:
            return Unknown(Reason.NOT_CONNECTED, f"{url} is not among the crawled repositories")
        if row.read_at is None:
            reason = Reason(row.last_error_reason) if row.last_error_reason in list(Reason) else Reason.SOURCE_FAILING
            return Unknown(reason, row.last_error or f"{url} has not been read yet")
        return StoredView(self.store, row)
