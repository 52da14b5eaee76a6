"""The cheapest next steps towards the next level: what to fix first, with effort and what it opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.policy.model import CheckResult, Outcome, ScorecardResult


@dataclass(frozen=True, slots=True)
class Step:
    """One failing check to fix. `opens` names checks that it blocks. Order of a plan is the order to work in."""

    scorecard: str
    result: CheckResult
    opens: tuple[str, ...]


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
        Step(result.scorecard.id, check, tuple(c.check.id for c in failing if check.check.id in c.check.requires))
        for check in failing
        if check.check.id not in blocked
    ]


def _order(step: Step, rank: int) -> tuple[int, float, str]:
    weight = step.result.weight + len(step.opens)
    return rank, step.result.check.effort.total_seconds() / weight, step.result.check.id
