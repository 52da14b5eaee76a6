"""Failing checks as flat findings with a place: what SARIF, JUnit and annotations are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.pipeline.check import Report
from app.policy.model import CheckResult, Outcome


@dataclass(frozen=True, slots=True)
class Finding:
    """One offender of one failing check, or the check itself at the entity's descriptor."""

    entity: str
    result: CheckResult
    path: str
    line: int
    message: str


def findings(report: Report) -> Iterator[Finding]:
    """In the order of the report; places of other repositories are told at the entity's descriptor."""
    for judged in report.judged:
        home = judged.entity.path or "catalog-info.yaml"
        for result in judged.results:
            for check in result.checks:
                if check.outcome is not Outcome.FAIL or not check.enforced:
                    continue
                told = [o for o in check.offenders if o.place.path and o.place.repository == report.inventory.url]
                for offender in told:
                    name = f"{offender.name}: " if offender.name else ""
                    text = f"{name}{check.check.title}. {check.remediation}"
                    yield Finding(judged.subject.ref, check, offender.place.path, max(1, offender.place.line), text)
                if not told:
                    text = f"{check.check.title}: {check.reason or 'not met'}. {check.remediation}"
                    yield Finding(judged.subject.ref, check, home, max(1, judged.entity.line), text)
