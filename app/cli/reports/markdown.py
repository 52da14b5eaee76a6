"""Markdown: for a pull request's comment or a job's summary."""

from __future__ import annotations

from app.lib.times import format_duration
from app.pipeline.check import Report
from app.policy.change_report import text_of
from app.policy.model import Outcome
from app.policy.plan import next_steps

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
            steps = next_steps([result])
            if steps:
                lines += ["", "**Cheapest next steps**", ""]
            for number, step in enumerate(steps, 1):
                effort = format_duration(step.result.check.effort)
                lines.append(
                    f"{number}. **{cell(step.result.check.title)}** (about {effort}): {cell(step.result.remediation)}"
                )
            lines.append("")
    return "\n".join(lines or ["Nothing here is scored."]) + "\n"


def cell(text: str) -> str:
    """A stranger's text that can't break out of a table cell or become markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
