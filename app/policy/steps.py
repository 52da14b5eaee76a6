"""The shapes of a plan: goals, steps in the order to work in, and what must be seen. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Goal:
    """The level that a scorecard is to reach. `level` "" where none is above, or nothing of it applies: then `why`."""

    scorecard: str
    now: str
    level: str
    reached: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One check that one scorecard needs."""

    scorecard: str
    check: str
    level: str
    weight: int


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work.

    `waits_for`: checks of earlier steps without which it can't be judged, or that are mended first: it may pass by
    itself once they do. `opens`: checks that wait for this. `stage`: the rank of the level that needs it first.
    """

    checks: tuple[str, ...]
    serves: tuple[Need, ...]
    waits_for: tuple[str, ...]
    opens: tuple[str, ...]
    effort: timedelta
    stage: int

    @property
    def gain(self) -> int:
        return sum(need.weight for need in self.serves)


@dataclass(frozen=True, slots=True)
class Unseen:
    """A check that must be seen to pass. No effort is told: what it takes is not known."""

    check: str
    serves: tuple[Need, ...]
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` in the order to work in; with them and with all of `unseen` passing every goal is reached."""

    goals: tuple[Goal, ...] = ()
    steps: tuple[Step, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    @property
    def effort(self) -> timedelta:
        """Of what fails by itself."""
        return sum((step.effort for step in self.steps if not step.waits_for), timedelta())

    @property
    def effort_at_most(self) -> timedelta:
        """With all that waits, should none of it pass by itself."""
        return sum((step.effort for step in self.steps), timedelta())
