"""Exit codes of `check`: 0 good, 1 below the asked level, worse than the baseline or a broken rule, 3 nothing read (or,
strict, something)."""

from __future__ import annotations

from app.pipeline.check import Report
from app.policy.model import Outcome

GOOD, BELOW, UNREADABLE = 0, 1, 3


def exit_code(report: Report, fail_under: str | None, *, strict: bool) -> int:
    """The highest that applies. An unknown alone is never 1; with a baseline, nor is what was as low before."""
    codes = [GOOD]
    comparison = report.comparison
    if comparison is not None and comparison.of("worse"):
        codes.append(BELOW)
    was = {(one.entity, one.scorecard): one.before for one in comparison.levels} if comparison is not None else {}
    results = [(judged.subject.ref, result) for judged in report.judged for result in judged.results]
    for entity, result in results:
        card = result.scorecard
        if fail_under and card.rank(result.level_possible) < card.rank(fail_under):
            before = was.get((entity, card.id), result.level)
            if comparison is None or not before or card.rank(before) >= card.rank(fail_under):
                codes.append(BELOW)
        if any(check.outcome is Outcome.ERROR for check in result.checks):
            codes.append(BELOW)
    unreadable = [place for place in report.inventory.unreadable if not place.ignored]
    if not report.inventory.paths or (strict and (unreadable or report.inventory.skipped)):
        codes.append(UNREADABLE)
    return max(codes)
