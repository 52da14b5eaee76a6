"""What goes into the store and what comes out of it. Instants are aware UTC; shares are 0..1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag
from typing import Any, Generic, NamedTuple, TypeVar

from app.catalog.model import Entity, EntityRef
from app.facts.model import FactSet
from app.lib.problems import Problem
from app.store.codec import DumpedFacts
from app.store.last import LastJudging

T = TypeVar("T")


class Why(IntFlag):
    """Why an entity is to be judged again; several reasons may meet before it is."""

    CODE = 1
    POLICY = 2
    DATA_SOURCE = 4
    WAIVER = 8
    SCOPE = 16
    TIME = 32

    @property
    def words(self) -> tuple[str, ...]:
        """As changes name them: `code`, `policy`, `data source`, `waiver`, `scope`, `time`."""
        return tuple(flag.name.lower().replace("_", " ") for flag in self if flag.name)


@dataclass(frozen=True, slots=True)
class RepositorySource:
    """A repository as a provider tells of it. `branch` "" is the forge's default one.

    `forge_id`: another name it has, a URL or the forge's own id. `remote`: where it is fetched from, "" for the URL.
    """

    url: str
    branch: str = ""
    forge_id: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Desired minus stored: repository URLs or entity references, sorted. `moved`: the catalog moved on by it."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    orphaned: tuple[str, ...] = ()
    moved: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.orphaned)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryClaim:
    """The right to refresh one repository until `lease_until`; `generation` fences every save made under it.

    `remote` is the address to fetch from, where that is not `url`.
    `lapsed`: whoever had it before let it lapse (a process that died); `deaths`: how often in a row.
    """

    url: str
    remote: str
    host: str
    branch: str
    branch_resolved_at: datetime | None
    tip: str
    owner: str
    generation: int
    hints: int
    hints_done: int
    lease_until: datetime
    interactive: bool
    lapsed: bool
    deaths: int
    failures: int
    parked_reason: str
    checked_at: datetime | None
    read_at: datetime | None
    read_version: str = ""
    forge_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRow:
    """One object of a repository, and whose it is: no `refs` means nobody's, and `why` says so."""

    path: str
    line: int
    kind: str
    body: Mapping[str, Any]
    ignored: str = ""
    changed_at: datetime | None = None
    changed_exact: bool = False
    refs: tuple[EntityRef, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """Something of a fact group that is there but can't be read, and whom it concerns."""

    path: str
    line: int
    group: str
    reason: str
    ignored: str = ""
    refs: tuple[EntityRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRow:
    """A problem, and the entity it is about ("" for none)."""

    problem: Problem
    entity: str = ""


class Reading(NamedTuple):
    """What a reading is known by: the same blob means different things under different base names and readers."""

    blob: str
    kind: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRows:
    """All that one snapshot of a repository says, ready to be kept.

    `paths`: every path → blob id. Where blob ids are not known ("") a change of content is told by `changed_paths`.
    `also_due`: entities concerned for reasons the store can't see (members of a changed owner or system).
    `catalog_version`: under which catalog its objects were attributed; when that has moved on, the catalog's version
    grows, so that whoever attributes anew sees them. `readings`: what readers made of blobs that were new.
    """

    tip: str
    read_version: str = ""
    branch: str
    branch_resolved_at: datetime | None = None
    paths: Mapping[str, str]
    changed_paths: frozenset[str] = frozenset()
    skipped: tuple[tuple[str, str], ...] = ()
    objects: tuple[ObjectRow, ...] = ()
    unreadable: tuple[UnreadableRow, ...] = ()
    problems: tuple[ProblemRow, ...] = ()
    entities: tuple[Entity, ...] = ()
    also_due: frozenset[EntityRef] = frozenset()
    catalog_version: int | None = None
    readings: Mapping[Reading, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a save changed: rows written and rows removed, and how many entities it made due."""

    written: int = 0
    removed: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class JudgementClaim:
    """The right to judge one entity once; `generation` fences the save. `why` is empty when only time made it due."""

    ref: EntityRef
    generation: int
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One entity against one scorecard. `body` is served as it is, under `etag`.

    `digest` says whether anything but the time of looking is new; "" means: compare `etag`.
    `level_rank` orders levels (−1 not rated, 0 none, 1 the first …). `meets_target` None: has no target.
    """

    scorecard: str
    level: str
    level_rank: int
    level_possible: str
    raw_level: str
    target_level: str
    meets_target: bool | None
    score: float | None
    coverage: float | None
    valid_until: datetime | None
    as_of: datetime | None
    commit: str
    policy_version: str
    body: bytes
    etag: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    scorecard: str
    check: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    scorecard: str
    at: datetime
    level: str
    score: float | None
    coverage: float | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a result, as told to the world. `cursor` is given by the store (0 before it is kept)."""

    at: datetime
    entity: EntityRef
    scorecard: str
    what: str
    before: str
    after: str
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    cursor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementRows:
    """All that one judging of one entity found. Results and facts not named here are forgotten.

    `tips`: where repositories stood when they were looked at; a save is refused when one moved under a first look.
    `dumped`: the fact sets as text, where they are already. `inputs` and `steady_until`: see `last.LastJudging`.
    """

    fact_sets: tuple[FactSet, ...] = ()
    dumped: tuple[DumpedFacts, ...] = ()
    results: tuple[ResultRow, ...] = ()
    outcomes: tuple[OutcomeRow, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    changes: tuple[Change, ...] = ()
    tier: str = ""
    tips: Mapping[str, str] = field(default_factory=dict)
    inputs: str = ""
    steady_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judging to be kept, made under a claim. `rows` None: what it was judged from is unchanged, and so is all of it.

    `last` is what the last one left, as loaded after the claim; None: not loaded.
    """

    claim: JudgementClaim
    rows: JudgementRows | None
    last: LastJudging | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object as kept. `commit` is the tip its repository was last read at."""

    id: int
    repository: str
    commit: str
    path: str
    line: int
    kind: str
    body: Mapping[str, Any]
    ignored: str
    changed_at: datetime | None
    changed_exact: bool
    refs: tuple[EntityRef, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next_cursor` is None on the last; `total` counts the whole list."""

    items: tuple[T, ...]
    next_cursor: str | None
    total: int


def refs_of(texts: Iterable[str]) -> tuple[EntityRef, ...]:
    """References from their stored texts."""
    return tuple(EntityRef.parse(text) for text in texts)
