"""The table a person reads: level first, then what fails with its place and fix, what could not be seen, next steps."""

from __future__ import annotations

import io
import os
import sys

from rich.console import Console
from rich.markup import escape

from app.lib.times import format_duration
from app.pipeline.check import Report
from app.pipeline.scoring import Judged
from app.policy.model import CheckResult, Offender, Outcome, ScorecardResult
from app.policy.plan import next_steps

_STYLE = {"bronze": "dark_orange3", "silver": "grey70", "gold": "gold3"}
_SHOWN = 5


def render(report: Report) -> str:
    terminal = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = None if terminal else 160
    out = Console(file=io.StringIO(), force_terminal=terminal, width=width, highlight=False, soft_wrap=not terminal)
    for judged in report.judged:
        for result in judged.results:
            _one(out, judged, result)
    _rest(out, report)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def _one(out: Console, judged: Judged, result: ScorecardResult) -> None:
    level = f"[{_STYLE.get(result.level, 'bold')}]{result.level}[/]"
    target = f", target {result.target_level}" if result.target_level else ""
    possible = f" ({result.level_possible} is possible)" if result.level_possible != result.level else ""
    made_up = " [dim](provisional: no valid catalog-info.yaml here)[/]" if judged.entity.provisional else ""
    out.print(f"\n[bold]{escape(judged.subject.ref)}[/]{made_up}  {level}{possible}{target}")
    score = "nothing judged" if result.score is None else f"score {result.score:.0%}"
    out.print(f"[dim]{result.scorecard.id}: {score}, coverage {result.coverage or 0:.0%}[/]")
    failing = [check for check in result.checks if check.outcome in (Outcome.FAIL, Outcome.ERROR) and check.enforced]
    unseen = [check for check in result.checks if check.outcome is Outcome.UNKNOWN]
    for check in failing:
        _failing(out, check)
    if unseen:
        out.print("  [bold]could not see[/]")
        for check in unseen:
            out.print(f"    [magenta]?[/] {check.level:7} {check.check.id}: [dim]{escape(check.reason)}[/]")
    _steps(out, result)


def _failing(out: Console, check: CheckResult) -> None:
    reason = f": {escape(check.reason)}" if check.reason else ""
    out.print(f"  [red]✕[/] {check.level:7} {check.check.id}{reason}")
    for offender in check.offenders[:_SHOWN]:
        out.print(f"      [cyan]{escape(_place(offender))}[/] {escape(offender.name)}")
    if check.offenders_total > _SHOWN:
        out.print(f"      [dim]and {check.offenders_total - _SHOWN} more[/]")


def _place(offender: Offender) -> str:
    place = offender.place
    return f"{place.path}:{place.line}" if place.path else place.url or place.repository


def _steps(out: Console, result: ScorecardResult) -> None:
    steps = next_steps([result])
    if not steps:
        return
    out.print("  [bold]cheapest next steps[/]")
    for number, step in enumerate(steps, 1):
        effort = format_duration(step.result.check.effort)
        out.print(
            f"    {number}. {escape(step.result.check.title)} [dim](about {effort}, towards {step.result.level})[/]"
        )
        out.print(f"       {escape(step.result.remediation)}")


def _rest(out: Console, report: Report) -> None:
    if not report.judged:
        out.print("Nothing here is scored: no entity that a scorecard applies to.")
    if report.unscored:
        names = ", ".join(str(entity.ref) for entity in report.unscored[:8])
        more = f" and {len(report.unscored) - 8} more" if len(report.unscored) > 8 else ""
        out.print(f"\n[dim]without a scorecard: {escape(names)}{more}[/]")
    if report.inventory.problems:
        out.print("\n[bold]problems in files[/]")
        for problem in report.inventory.problems[:10]:
            out.print(f"  [cyan]{escape(problem.path)}:{problem.line}[/] {escape(problem.message)}")
        if len(report.inventory.problems) > 10:
            out.print(f"  [dim]and {len(report.inventory.problems) - 10} more[/]")
    for place in [p for p in report.inventory.unreadable if not p.ignored][:5]:
        out.print(f"  [magenta]can't be read[/] {escape(place.path)}:{place.line} {escape(place.reason)}")
