"""Failing checks as flat findings with a place: what SARIF, JUnit and annotations are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.pipeline.check import Report
from app.policy.compare import is_new
from app.policy.model import CheckResult, Outcome
from app.policy.telling import remedy
from app.policy.told import Offender
from app.remediation import offers


@dataclass(frozen=True, slots=True)
class Finding:
    """One offender of one failing check, or the check itself at the entity's descriptor."""

    entity: str
    result: CheckResult
    path: str
    line: int
    message: str
    new: bool = True
    """Not there in the baseline, or there is none."""
    name: str = ""
    """Of what it is about: an alert, an objective."""


def findings(report: Report) -> Iterator[Finding]:
    """In the order of the report; places of other repositories are told at the entity's descriptor.

    What only waits for a prerequisite is left out: the prerequisite is told, and mending it comes first.
    """
    for judged in report.judged:
        home = judged.entity.path or "catalog-info.yaml"
        for result in judged.results:
            for check in result.checks:
                if check.outcome is not Outcome.FAIL or not check.enforced or check.blocked_by:
                    continue
                told = [o for o in check.offenders if o.place.path and o.place.repository == report.inventory.url]
                ref = judged.subject.ref
                for offender in told:
                    text = _message(check, offender)
                    new = is_new_in(report, ref, check, offender)
                    line = max(1, offender.place.line)
                    yield Finding(ref, check, offender.place.path, line, text, new, offender.name)
                if not told:
                    text = with_fix(f"{check.check.title}: {check.reason}. {check.remediation}", check)
                    yield Finding(ref, check, home, max(1, judged.entity.line), text, is_new_in(report, ref, check))


def is_new_in(report: Report, ref: str, check: CheckResult, offender: Offender | None = None) -> bool:
    """Whether a failing check, or one place of it, is new since the baseline; everything is where there is none."""
    return report.comparison is None or is_new(report.comparison, ref, check, offender)


def _message(check: CheckResult, offender: Offender) -> str:
    """What is wrong with one offender, and how to mend it."""
    head = ": ".join(text for text in (offender.name, check.check.title) if text)
    seen = f" ({offender.observed})" if offender.observed else ""
    return with_fix(f"{head}{seen}. {remedy(check, offender)}", check)


def with_fix(text: str, check: CheckResult) -> str:
    """A text and, below it, the command that mends the check, where there is one."""
    command = offers.command(check.check)
    return f"{text}\nAs a diff: {command}" if command else text
