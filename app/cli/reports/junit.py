"""JUnit XML: one suite an entity and scorecard, one case a check."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from app.cli.reports.findings import is_new_in
from app.pipeline.check import Report
from app.policy.model import CheckResult, Outcome

_ILLEGAL = re.compile("[^\t\n\r -퟿-�𐀀-􏿿]")


def render(report: Report) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for judged in report.judged:
        for result in judged.results:
            failing = [check for check in result.checks if check.outcome is Outcome.FAIL]
            old = {one.check.id for one in failing if not is_new_in(report, judged.subject.ref, one)}
            errors = sum(check.outcome is Outcome.ERROR for check in result.checks)
            counts = f'tests="{len(result.checks)}" failures="{len(failing) - len(old)}" errors="{errors}"'
            name = attribute(f"{judged.subject.ref} {result.scorecard.id}")
            lines.append(f"  <testsuite name={name} {counts}>")
            lines += [_case(judged.subject.ref, check, old=check.check.id in old) for check in result.checks]
            lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _case(entity: str, check: CheckResult, *, old: bool) -> str:
    head = f"    <testcase classname={attribute(entity)} name={attribute(check.check.id)}"
    if check.outcome is Outcome.FAIL and old:
        return f"{head}><skipped message={attribute(f'failed before: {check.reason}')}/></testcase>"
    if check.outcome is Outcome.FAIL:
        body = escape(_ILLEGAL.sub("", f"{check.reason}\n{check.remediation}"))
        return f"{head}><failure message={attribute(check.check.title)}>{body}</failure></testcase>"
    if check.outcome is Outcome.ERROR:
        return f"{head}><error message={attribute(check.reason)}/></testcase>"
    if check.outcome is Outcome.PASS:
        return f"{head}/>"
    return f"{head}><skipped message={attribute(f'{check.outcome}: {check.reason}')}/></testcase>"


def attribute(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("", text))
