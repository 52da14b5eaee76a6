"""Markdown: for a pull request's comment or a job's summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.lib.times import format_duration
from app.pipeline.check import Report
from app.policy.change_report import text_of
from app.policy.model import CheckResult, Outcome, ScorecardResult
from app.policy.plan import next_steps
from app.remediation import offers

SINCE = "Only what is worse than the baseline fails; the whole standing follows."
_MARK = {Outcome.FAIL: "❌", Outcome.ERROR: "⚠️", Outcome.UNKNOWN: "❔"}


def render(report: Report) -> str:
    lines: list[str] = []
    if report.comparison is not None:
        lines += [text_of(report.comparison, closing=SINCE), ""]
    for judged in report.judged:
        for result in judged.results:
            target = f" (target {result.target_level})" if result.target_level else ""
            lines += [f"### {cell(judged.subject.ref)}: {result.level}{target}", ""]
            shown = [check for check in result.checks if check.outcome in _MARK and not check.blocked_by]
            if shown:
                lines += ["| | Level | Check | Why | Where |", "|---|---|---|---|---|"]
            for check in shown:
                where = ", ".join(f"`{o.place.path}:{o.place.line}`" for o in check.offenders[:3])
                title = cell(check.check.title)
                lines.append(
                    f"| {_MARK[check.outcome]} | {check.level} | {title} | {cell(check.reason)} | {cell(where)} |"
                )
            waiting = [check.check.id for check in result.checks if check.outcome in _MARK and check.blocked_by]
            if waiting:
                lines += ["", f"{len(waiting)} more wait for these: {', '.join(f'`{name}`' for name in waiting)}."]
            lines += [*_steps(result), *_mended(shown), ""]
    return "\n".join(lines or ["Nothing here is scored."]) + "\n"


def _steps(result: ScorecardResult) -> Iterator[str]:
    for number, step in enumerate(next_steps([result]), 1):
        if number == 1:
            yield from ("", "**Cheapest next steps**", "")
        check, effort = step.result.check, format_duration(step.result.check.effort)
        text = f"{number}. **{cell(check.title)}** (about {effort}): {cell(step.result.remediation)}"
        command = offers.command(check)
        yield f"{text} As a diff: `{command}`" if command else text


def _mended(shown: Sequence[CheckResult]) -> Iterator[str]:
    """The command for what has a diff."""
    named = [f"`{one.check.id}`" for one in shown if one.outcome is Outcome.FAIL and offers.command(one.check)]
    if named:
        yield from ("", f"`roadworthy fix --check ID` has a diff for {', '.join(named)}.")


def cell(text: str) -> str:
    """A stranger's text that can't break out of a table cell or become markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
