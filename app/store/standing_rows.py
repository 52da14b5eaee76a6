"""The shapes of what `standings` tells: levels of a group, what stands before a level, lines of lists, filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(slots=True)
class Levels:
    """How many stand at each level, and how many of those with a target meet it."""

    levels: dict[str, int] = field(default_factory=dict)
    on_target: int = 0
    with_target: int = 0

    @property
    def total(self) -> int:
        return sum(self.levels.values())

    def add(self, level: str, held: str, count: int) -> None:
        """`held`: `on`, `below`, or `` for what has no target."""
        self.levels[level] = self.levels.get(level, 0) + count
        self.on_target += count if held == "on" else 0
        self.with_target += count if held else 0


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A check before the next level: how many entities it stands before, and how many it alone holds back, by level."""

    check: str
    stands: Mapping[str, int]
    alone: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    day: date
    levels: Mapping[str, int]
    on_target: int
    with_target: int


@dataclass(frozen=True, slots=True)
class Line:
    """One entity on one scorecard, as lists show it; the columns of `standings`."""

    entity: str
    scorecard: str
    owner: str
    title: str
    search: str
    kind: str
    type: str
    lifecycle: str
    tier: str
    system: str
    provisional: bool
    level: str
    level_rank: int
    target_level: str
    held: str
    score: float | None
    coverage: float | None
    next_level: str
    failing: int
    unseen: int
    effort_seconds: int
    check: str
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """Which lines of a scorecard; every part given must hold, of a tuple any one. `text`: part of a name or title.

    `ranks`: of levels (−1 not rated, 0 none). `check` and `outcome` belong together: entities with this outcome of it.
    """

    scorecard: str
    owners: Sequence[str] = ()
    kinds: Sequence[str] = ()
    types: Sequence[str] = ()
    tiers: Sequence[str] = ()
    lifecycles: Sequence[str] = ()
    systems: Sequence[str] = ()
    ranks: Sequence[int] = ()
    held: str = ""
    text: str = ""
    check: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Serving:
    """A check before a goal: of how many entities on any scorecard, and how many it alone keeps from it."""

    check: str
    entities: int
    alone: int
