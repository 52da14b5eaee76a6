"""Level, score and coverage from outcomes: the arithmetic of DESIGN's results. Numbers in, numbers out.

A level holds when its own checks and those of all levels below pass, are waived or do not apply, and at least one of
its own passed or is waived. Unknown blocks it. Checks that do not count yet (`enforced` false) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.policy.model import CheckResult, Outcome, Scorecard

NONE, NOT_RATED = "none", "not_rated"
_GOOD = (Outcome.PASS, Outcome.WAIVED)
_HOLDS = (*_GOOD, Outcome.NOT_APPLICABLE)
_UNSEEN = (Outcome.UNKNOWN, Outcome.ERROR)


def level_of(scorecard: Scorecard, checks: Sequence[CheckResult]) -> str:
    """The highest level that holds; `none` below the first; `not_rated` where a required area shows nothing."""
    counted = [result for result in checks if result.enforced]
    if any(_unproven(counted, area) for area in scorecard.required_areas):
        return NOT_RATED
    reached = NONE
    for level in scorecard.levels:
        own = [result for result in counted if result.level == level.id]
        if not all(result.outcome in _HOLDS for result in own):
            return reached
        if any(result.outcome in _GOOD for result in own):
            reached = level.id
    return reached


def _unproven(checks: Iterable[CheckResult], area: str) -> bool:
    outcomes = [r.outcome for r in checks if r.check.area == area and r.outcome is not Outcome.NOT_APPLICABLE]
    return bool(outcomes) and all(outcome in _UNSEEN for outcome in outcomes)


def possible(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """As if everything that could not be seen passed."""
    return [replace(r, outcome=Outcome.PASS) if r.outcome in _UNSEEN else r for r in checks]


def raw(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Without waivers."""
    return [r if r.outcome is r.raw else replace(r, outcome=r.raw) for r in checks]


def score_of(checks: Iterable[CheckResult]) -> float | None:
    """Weight passed over weight passed and failed, 0..1; None when nothing was judged."""
    counted = [result for result in checks if result.enforced]
    passed = sum(result.weight for result in counted if result.outcome is Outcome.PASS)
    judged = passed + sum(result.weight for result in counted if result.outcome is Outcome.FAIL)
    return passed / judged if judged else None


def coverage_of(checks: Iterable[CheckResult]) -> float | None:
    """Weight passed and failed over the weight of all that apply, 0..1; None when nothing applies."""
    counted = [r for r in checks if r.enforced and r.outcome is not Outcome.NOT_APPLICABLE]
    total = sum(result.weight for result in counted)
    judged = sum(result.weight for result in counted if result.outcome in (Outcome.PASS, Outcome.FAIL))
    return judged / total if total else None
