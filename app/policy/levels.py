"""Level, score and coverage from outcomes: the arithmetic of docs/scoring.md. Numbers in, numbers out.

A level holds when its own checks and those of all levels below pass, are waived or do not apply, and at least one of
its own passed or is waived. Unknown blocks it. Checks that do not count yet (`enforced` false) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.policy.model import CheckResult, Outcome, Scorecard

NONE, NOT_RATED = "none", "not_rated"
_PASS, _FAIL, _WAIVED, _NOT_APPLICABLE = Outcome.PASS, Outcome.FAIL, Outcome.WAIVED, Outcome.NOT_APPLICABLE
_UNKNOWN, _ERROR = Outcome.UNKNOWN, Outcome.ERROR


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one entity stands on a scorecard: see `ScorecardResult`."""

    level: str
    possible: str
    raw: str
    score: float | None
    coverage: float | None


def standing(scorecard: Scorecard, checks: Sequence[CheckResult]) -> Standing:
    """Everything at once. `possible` takes what could not be seen as passed, `raw` leaves waivers out."""
    outcomes = [result.outcome for result in checks]
    could, would = possible(checks), raw(checks)
    level = level_of(scorecard, checks, outcomes)
    return Standing(
        level,
        level if could == outcomes else level_of(scorecard, checks, could),
        level if would == outcomes else level_of(scorecard, checks, would),
        *_shares(checks),
    )


def level_of(scorecard: Scorecard, checks: Sequence[CheckResult], outcomes: Sequence[Outcome]) -> str:
    """The highest level that holds; `none` below the first; `not_rated` where a required area shows nothing.

    `outcomes`: those of the checks, in the same order: as they are, or as they would be (`possible`, `raw`).
    """
    ranks = scorecard.ranks
    broken, proven = len(ranks) + 1, set()
    for result, outcome in zip(checks, outcomes, strict=True):
        if not result.enforced or outcome is _NOT_APPLICABLE:
            continue
        if outcome is _PASS or outcome is _WAIVED:
            proven.add(ranks[result.level])
        elif ranks[result.level] < broken:
            broken = ranks[result.level]
    for area in scorecard.required_areas:
        if _unproven(checks, outcomes, area):
            return NOT_RATED
    reached = max((rank for rank in proven if rank < broken), default=0)
    return scorecard.levels[reached - 1].id if reached else NONE


def _unproven(checks: Sequence[CheckResult], outcomes: Sequence[Outcome], area: str) -> bool:
    """Whether something of the area applies, and nothing of it could be seen."""
    applies = False
    for result, outcome in zip(checks, outcomes, strict=True):
        if result.check.area == area and result.enforced and outcome is not _NOT_APPLICABLE:
            if outcome is not _UNKNOWN and outcome is not _ERROR:
                return False
            applies = True
    return applies


def possible(checks: Iterable[CheckResult]) -> list[Outcome]:
    """As if everything that could not be seen passed."""
    return [_PASS if r.outcome is _UNKNOWN or r.outcome is _ERROR else r.outcome for r in checks]


def raw(checks: Iterable[CheckResult]) -> list[Outcome]:
    """Without waivers."""
    return [result.raw for result in checks]


def _shares(checks: Iterable[CheckResult]) -> tuple[float | None, float | None]:
    """Score: weight passed over weight passed and failed; None when nothing was judged.

    Coverage: weight passed and failed over the weight of all that apply; None when nothing applies. Both 0..1.
    """
    passed = failed = other = 0
    for result in checks:
        if result.enforced:
            outcome = result.outcome
            if outcome is _PASS:
                passed += result.weight
            elif outcome is _FAIL:
                failed += result.weight
            elif outcome is not _NOT_APPLICABLE:
                other += result.weight
    judged = passed + failed
    return (passed / judged if judged else None), (judged / (judged + other) if judged + other else None)
