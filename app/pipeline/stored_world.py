"""The service's world: what retrievers ask, answered from the store. Made for one judging; views are cached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from app.catalog.model import Catalog, EntityRef
from app.facts import codec
from app.facts.inventory import Found
from app.facts.model import Reason, Unknown
from app.facts.parameters import Parameters
from app.facts.pushed import Pushed
from app.facts.unseen import UnreadablePlace
from app.facts.world import OutdatedError, spellings
from app.facts.world import RepositoryView as View
from app.formats import pipelines
from app.formats.code_owners import PLACES
from app.lib.paths import folders
from app.lib.problems import Problem
from app.repos.model import LastChange
from app.store.model import StoredObject
from app.store.repositories import RepositoryView
from app.store.store import Store

_ONE_A_FILE = ("runbook", "codeowners", "pipeline")
"""Kinds of which a file holds one."""
Place = tuple[str, str]
"""(repository, path)"""


def placed(stored: StoredObject) -> Found:
    """A stored object as retrievers know it. Raises OutdatedError."""
    try:
        thing = codec.decode(codec.KINDS[stored.kind], stored.body)
    except (ValueError, KeyError):
        raise OutdatedError(stored.path) from None
    changed = LastChange(stored.changed_at, stored.changed_exact) if stored.changed_at else None
    return Found(thing, stored.repository, stored.commit, stored.path, stored.ignored, changed)


@dataclass
class StoredView:
    """One repository as last read. Pages are loaded one by one: a link asks for one of thousands."""

    world: StoredWorld
    row: RepositoryView

    @property
    def url(self) -> str:
        return self.row.url

    @property
    def commit(self) -> str:
        return self.row.tip

    def has(self, path: str) -> bool:
        path = path.strip("/")
        return path == "" or path in self.row.paths or path in self._folders

    def spelled(self, path: str) -> str:
        return self._spellings.get(path.lower(), "")

    def runbook(self, path: str) -> Found | None:
        return self.world.standing(self.url, "runbook", path) if path in self.row.paths else None

    def codeowners(self) -> Found | None:
        place = next((place for place in PLACES if place in self.row.paths), None)
        return self.world.standing(self.url, "codeowners", place) if place else None

    def pipelines(self) -> Sequence[Found]:
        found = (self.world.standing(self.url, "pipeline", path) for path in self._pipeline_paths)
        return [one for one in found if one is not None]

    @cached_property
    def _pipeline_paths(self) -> Sequence[str]:
        return sorted(path for path in self.row.paths if pipelines.system_of(path))

    def problems(self, paths: Iterable[str]) -> Sequence[Problem]:
        return [problem for path in sorted(set(paths)) for problem in self._problems.get(path, ())]

    @cached_property
    def _problems(self) -> Mapping[str, Sequence[Problem]]:
        found: dict[str, list[Problem]] = defaultdict(list)
        for problem in self.world.problems(self.url):
            found[problem.path].append(problem)
        return found

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return spellings(self.row.paths)

    @cached_property
    def _folders(self) -> frozenset[str]:
        return folders(self.row.paths)


@dataclass
class StoredWorld:
    """Implements `facts.world.World` over the store. Aliases let links name a clone by where it came from.

    Whatever it has loaded or decoded once it keeps: several retrievers ask for the same, and so do neighbours.
    """

    store: Store
    catalog: Catalog
    parameters: Parameters
    now: datetime
    catalog_complete: bool = True
    evidence: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tips: dict[str, str] = field(default_factory=dict)
    """The tip of each repository that was asked for, as it stood then; "" before it was read."""
    _names: dict[str, str] = field(default_factory=dict)
    _views: dict[str, View | Unknown] = field(default_factory=dict)
    _owned: dict[EntityRef, dict[str, list[Found]]] = field(default_factory=dict)
    _outdated: dict[tuple[EntityRef, str], StoredObject] = field(default_factory=dict)
    _unreadable: dict[EntityRef, list[UnreadablePlace]] = field(default_factory=dict)
    _placed: dict[int, Found] = field(default_factory=dict)
    _standing: dict[tuple[str, str, str], Found | None] = field(default_factory=dict)
    _shared: dict[str, list[Found]] = field(default_factory=dict)
    _problems: dict[str, Sequence[Problem]] = field(default_factory=dict)

    def prepare(self, refs: Sequence[EntityRef], read: Iterable[Place] = ()) -> None:
        """Loads what judging several entities asks for, all at once. `read`: what they looked at the last time, which
        they will look at again; only what is new is then asked for one by one."""
        self._load(refs)
        places: dict[str, set[str]] = defaultdict(set)
        for repository, path in read:
            places[repository].add(path)
        entities = [entity for ref in refs if (entity := self.catalog.get(ref)) is not None and entity.repository]
        self._name({one.repository for one in entities})
        urls = {self.known_as(one.repository) for one in entities}
        known = self.store.objects.problems_in(urls)
        self._problems = {url: known.get(url, ()) for url in urls}
        rows = self.store.repositories.get_many(urls | places.keys(), self.now)
        for url in urls | places.keys():
            self._views[url] = self._view(url, rows.get(url))
        looked_at = {(url, kind, path) for url, paths in places.items() for path in paths for kind in _ONE_A_FILE}
        for stored in self.store.objects.at(places, _ONE_A_FILE):
            with suppress(OutdatedError):  # told to whoever asks for it
                self._known(stored)
            looked_at.discard((stored.repository, stored.kind, stored.path))
        self._standing = dict.fromkeys(looked_at, None) | self._standing

    def _load(self, refs: Sequence[EntityRef]) -> None:
        for ref in refs:
            self._owned[ref], self._unreadable[ref] = defaultdict(list), []
        for ref, stored in self.store.objects.of_entities(refs).items():
            for one in stored:
                try:
                    self._owned[ref][one.kind].append(self._known(one))
                except OutdatedError:
                    self._outdated[ref, one.kind] = one
        for ref, places in self.store.objects.unreadable_of_entities(refs).items():
            self._unreadable[ref] = [
                UnreadablePlace(one.group, one.repository, one.commit, one.path, one.line, one.reason, one.ignored)
                for one in places
            ]

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        """Raises OutdatedError: where one can't be understood, none of that kind can be told."""
        owned = self._owned.get(ref)
        if owned is None:
            self._load([ref])
            owned = self._owned[ref]
        if old := self._outdated.get((ref, kind)):
            placed(old)
        return owned.get(kind, ())

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        if ref not in self._unreadable:
            self._load([ref])
        return [place for place in self._unreadable[ref] if place.group == group]

    def shared(self, kind: str) -> Sequence[Found]:
        if kind not in self._shared:
            urls = [url for url, kinds in self.evidence.items() if kind in kinds]
            stored = [one for url in urls for one in self.store.objects.of_repository(url, kind)]
            self._shared[kind] = [self._known(one) for one in stored]
        return self._shared[kind]

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        return self.store.pushes.of(ref) if str(ref) in self._reporting else ()

    @cached_property
    def _reporting(self) -> frozenset[str]:
        return self.store.pushes.refs()

    def repository(self, url: str) -> View | Unknown:
        known = self.known_as(url)
        if known not in self._views:
            self._views[known] = self._view(known, self.store.repositories.get(known, self.now))
        return self._views[known]

    def known_as(self, url: str) -> str:
        """The name under which a repository is crawled."""
        if url not in self._names:
            self._name([url])
        return self._names[url]

    def _name(self, urls: Collection[str]) -> None:
        known = self.store.repositories.known_as(urls)
        self._names |= {url: known.get(url, url) for url in urls}

    def standing(self, url: str, kind: str, path: str) -> Found | None:
        """The first object of a kind in a file, whoever's it is."""
        if (url, kind, path) not in self._standing:
            found = self.store.objects.of_repository(url, kind, path)
            self._standing[url, kind, path] = self._known(found[0]) if found else None
        return self._standing[url, kind, path]

    def problems(self, url: str) -> Sequence[Problem]:
        """What is wrong in a repository's files."""
        if url not in self._problems:
            self._problems[url] = self.store.objects.problems_in([url]).get(url, ())
        return self._problems[url]

    def _known(self, stored: StoredObject) -> Found:
        if stored.id not in self._placed:
            found = self._placed[stored.id] = placed(stored)
            if stored.kind in _ONE_A_FILE:
                self._standing.setdefault((stored.repository, stored.kind, stored.path), found)
        return self._placed[stored.id]

    def _view(self, url: str, row: RepositoryView | None) -> View | Unknown:
        if row is None:
            return Unknown(Reason.NOT_CONNECTED, f"{url} is not among the crawled repositories")
        self.tips[url] = row.tip
        if row.read_at is None:
            reason = Reason(row.last_error_reason) if row.last_error_reason in list(Reason) else Reason.SOURCE_FAILING
            return Unknown(reason, row.last_error or f"{url} has not been read yet")
        return StoredView(self, row)
