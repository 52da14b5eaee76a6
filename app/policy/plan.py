"""The cheapest next steps towards the next level: what to fix first, with effort and what it opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.policy.model import CheckResult, Entry, Outcome, Scorecard, ScorecardResult


@dataclass(frozen=True, slots=True)
class Step:
    """One failing check to fix. `opens` names checks that it blocks. Order of a plan is the order to work in.

    `gain` is the weight of the check and of all that wait for it, if through others.
    """

    scorecard: str
    result: CheckResult
    opens: tuple[str, ...]
    gain: int


def next_steps(results: Sequence[ScorecardResult], limit: int = 3) -> list[Step]:
    """Failing checks: lowest level first, then least effort for most weight; prerequisites before dependants."""
    steps = [step for result in results for step in _steps(result)]
    ranks = {result.scorecard.id: result.scorecard for result in results}
    steps.sort(key=lambda step: _order(step, ranks[step.scorecard].rank(step.result.level)))
    return steps[:limit]


def _steps(result: ScorecardResult) -> list[Step]:
    failing = [check for check in result.checks if check.outcome is Outcome.FAIL and check.enforced]
    names = {check.check.id for check in failing}
    blocked = {check.check.id for check in failing if names & set(check.check.requires)}
    return [
        Step(
            result.scorecard.id,
            check,
            tuple(other.check.id for other in failing if check.check.id in other.check.requires),
            check.weight + sum(other.weight for other in failing if other.blocked_by == check.check.id),
        )
        for check in failing
        if check.check.id not in blocked
    ]


def _order(step: Step, rank: int) -> tuple[int, float, str]:
    return rank, step.result.check.effort.total_seconds() / step.gain, step.result.check.id


@dataclass(frozen=True, slots=True)
class Way:
    """The way to the next level: checks that fail, and those that could not be seen. `level` "" at the top."""

    level: str
    failing: tuple[str, ...]
    unseen: tuple[str, ...]


def way_up(card: Scorecard, level: str, outcomes: Mapping[str, str], now: datetime) -> Way:
    """What stands between a level and the next, by the outcomes of the checks that count now. In the card's order."""
    rank = max(0, card.rank(level))
    following = next((one.id for one in card.levels if card.rank(one.id) == rank + 1), "")
    if not following:
        return Way("", (), ())
    wanted = [entry.check for entry in card.entries if card.rank(entry.level) <= rank + 1 and counts(entry, now)]
    failing = tuple(check for check in wanted if outcomes.get(check) == Outcome.FAIL)
    unseen = tuple(check for check in wanted if outcomes.get(check) in (Outcome.UNKNOWN, Outcome.ERROR))
    return Way(following, failing, unseen)


def counts(entry: Entry, now: datetime) -> bool:
    """Whether a check counts yet, or is only shown."""
    return entry.enforced_from is None or entry.enforced_from <= now
