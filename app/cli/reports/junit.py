"""JUnit XML: one suite an entity and scorecard, one case a check."""

from __future__ import annotations

import re
from collections import Counter
from xml.sax.saxutils import escape, quoteattr

from app.cli.reports.findings import is_new_in, with_fix
from app.pipeline.check import Report
from app.policy.model import CheckResult, Outcome

_ILLEGAL = re.compile("[^\t\n\r -퟿-�𐀀-􏿿]")


def render(report: Report) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for judged in report.judged:
        ref = judged.subject.ref
        for result in judged.results:
            cases = [_case(ref, check, old=not is_new_in(report, ref, check)) for check in result.checks]
            how = Counter(kind for kind, _ in cases)
            counts = f'failures="{how["failure"]}" errors="{how["error"]}" skipped="{how["skipped"]}"'
            name = attribute(f"{ref} {result.scorecard.id}")
            lines.append(f'  <testsuite name={name} tests="{len(cases)}" {counts}>')
            lines += [text for _, text in cases]
            lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _case(entity: str, check: CheckResult, *, old: bool) -> tuple[str, str]:
    """What became of a check, as JUnit has it, and the element."""
    head = f"    <testcase classname={attribute(entity)} name={attribute(check.check.id)}"
    kind, inner = _told(check, old=old)
    return kind, f"{head}>{inner}</testcase>" if inner else f"{head}/>"


def _told(check: CheckResult, *, old: bool) -> tuple[str, str]:
    if check.outcome is Outcome.FAIL and not check.enforced:
        return "skipped", _skipped(f"will count later: {check.reason}")
    if check.outcome is Outcome.FAIL and old:
        return "skipped", _skipped(f"failed before: {check.reason}")
    if check.outcome is Outcome.FAIL:
        places = [f"{one.place.path}:{one.place.line or 1} {one.name}" for one in check.offenders if one.place.path]
        said = with_fix("\n".join([check.reason, *places, check.remediation]), check)
        return "failure", f"<failure message={attribute(check.check.title)}>{escape(_ILLEGAL.sub('', said))}</failure>"
    if check.outcome is Outcome.ERROR:
        return "error", f"<error message={attribute(check.reason)}/>"
    return ("", "") if check.outcome is Outcome.PASS else ("skipped", _skipped(f"{check.outcome}: {check.reason}"))


def _skipped(why: str) -> str:
    return f"<skipped message={attribute(why)}/>"


def attribute(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("", text))
