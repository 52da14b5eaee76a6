"""Markdown: for a pull request's comment or a job's summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.pipeline.check import Report
from app.pipeline.plans import first_steps, plan_of
from app.pipeline.scoring import Judged
from app.policy.change_report import Wording, text_of
from app.policy.model import CheckResult, Outcome
from app.remediation import offers

SINCE = "Only what is worse than the baseline fails; the whole standing follows."
_MARK = {Outcome.FAIL: "❌", Outcome.ERROR: "⚠️", Outcome.UNKNOWN: "❔"}


def render(report: Report) -> str:
    lines: list[str] = []
    if report.comparison is not None:
        lines += [text_of(report.comparison, Wording(closing=SINCE, command=offers.command)), ""]
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
            lines += [*(_mended(shown) if report.fixes is None else ()), ""]
        lines += [*_steps(judged, report), *_fixed(report, judged.subject.ref)]
    return "\n".join(lines or ["Nothing here is scored."]) + "\n"


def _steps(judged: Judged, report: Report) -> list[str]:
    """What to do first over all scorecards of an entity, or with a goal all there is to do."""
    goal = report.goal
    steps = plan_of(judged.results, goal)["items"] if goal else first_steps(judged.results)
    lines = [f"{number}. {_step(step, here=report.fixes is None)}" for number, step in enumerate(steps, 1)]
    return [f"**{f'The plan to {goal}' if goal else 'Cheapest next steps'}**", "", *lines, ""] if steps else []


def _step(step: Mapping[str, Any], *, here: bool) -> str:
    """`here`: in a repository, where the command can run."""
    diff = f" As a diff: `{step['fix']['command']}`" if step["fix"] and here else ""
    return f"**{cell(step['title'])}** (about {step['effort']}): {cell(step['remediation'])}{diff}"


def _fixed(report: Report, entity: str) -> Iterator[str]:
    """The diff for what was handed over, in a fence that nothing in it can close."""
    diff = ((report.fixes or {}).get(entity) or {}).get("diff", "")
    if diff:
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", diff)), 3)
        yield from ("<details><summary>The fix, for <code>git apply</code></summary>", "", f"{fence}diff")
        yield from (diff.rstrip("\n"), fence, "", "</details>", "")


def _mended(shown: Sequence[CheckResult]) -> Iterator[str]:
    """The command for what has a diff."""
    named = [f"`{one.check.id}`" for one in shown if one.outcome is Outcome.FAIL and offers.command(one.check)]
    if named:
        yield from ("", f"`roadworthy fix --check ID` mends, or asks what only you know, for {', '.join(named)}.")


def cell(text: str) -> str:
    """A stranger's text that can't break out of a table cell or become markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
