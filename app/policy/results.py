"""Results as JSON: the one shape of `check`, `/results` and `explain` (docs/api.md). Plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from app.facts.model import Place
from app.lib import times
from app.policy.model import CheckResult, ScorecardResult
from app.policy.steps import Step

_MAX_LIST, _MAX_TEXT = 20, 500


class Dated(Protocol):
    """What tells how fresh a result is."""

    @property
    def as_of(self) -> datetime | None: ...
    @property
    def commit(self) -> str: ...
    @property
    def policy_version(self) -> str: ...


def to_json(entity: str, results: Sequence[ScorecardResult]) -> dict[str, Any]:
    """All scorecards of one entity. Instants are ISO 8601 UTC, shares 0..1, durations as Prometheus writes them."""
    return {**head_json(entity, results), "scorecards": [scorecard_json(result) for result in results]}


def head_json(entity: str, results: Sequence[Dated], policy_version: str = "") -> dict[str, Any]:
    """What stands before an entity's results: how fresh they are together. They were judged at once, by one policy;
    `policy_version` is told where there are none."""
    moments = [result.as_of for result in results if result.as_of is not None]
    return {
        "entity": entity,
        "as_of": plain(max(moments, default=None)),
        "oldest_fact": plain(min(moments, default=None)),
        "commit": next((result.commit for result in results if result.commit), None),
        "policy_version": next((result.policy_version for result in results), policy_version),
    }


def scorecard_json(result: ScorecardResult) -> dict[str, Any]:
    return {
        "id": result.scorecard.id,
        "title": result.scorecard.title,
        "level": result.level,
        "level_possible": result.level_possible,
        "raw_level": result.raw_level,
        "target_level": result.target_level or None,
        "meets_target": result.meets_target,
        "score": _share(result.score),
        "coverage": _share(result.coverage),
        "as_of": plain(result.as_of),
        "valid_until": plain(result.valid_until),
        "commit": result.commit or None,
        "policy_version": result.policy_version,
        "checks": [_check(check) for check in result.checks],
    }


def steps_json(steps: Sequence[Step], results: Iterable[ScorecardResult]) -> list[dict[str, Any]]:
    """A plan in short, in the order to work in; `results` are those that it was made of."""
    by_place = {(one.scorecard.id, check.check.id): check for one in results for check in one.checks}
    return [_step(step, by_place[step.serves[0].scorecard, step.serves[0].check]) for step in steps]


def _step(step: Step, result: CheckResult) -> dict[str, Any]:
    return {
        "scorecard": step.serves[0].scorecard,
        "check": result.check.id,
        "title": result.check.title,
        "level": result.level,
        "weight": result.weight,
        "effort": times.format_duration(result.check.effort),
        "remediation": result.remediation,
        "opens": list(step.opens),
    }


def _check(result: CheckResult) -> dict[str, Any]:
    check, waiver, told = result.check, result.waiver, result.told
    return {
        "id": check.id,
        "title": check.title,
        "area": check.area,
        "level": result.level,
        "weight": result.weight,
        "outcome": str(result.outcome),
        "raw_outcome": str(result.raw),
        "enforced": result.enforced,
        "reason": told.reason,
        "reason_code": told.code or None,
        "blocked_by": told.blocked_by or None,
        "evidence": [
            {
                "fact": evidence.fact,
                "expected": evidence.expected,
                "observed": plain(evidence.observed),
                **_place(evidence.place),
                "given_by": evidence.given_by or None,
            }
            for evidence in told.evidence
        ],
        "offenders": [
            {"name": offender.name, **_place(offender.place), "observed": offender.observed}
            for offender in told.offenders
        ],
        "offenders_total": told.offenders_total,
        "remediation": told.remediation,
        "effort": times.format_duration(check.effort),
        "help_url": check.help_url or None,
        "waiver": waiver
        and {
            "reason": waiver.reason,
            "until": plain(waiver.until),
            "approved_by": waiver.approved_by,
            "check": waiver.check,
            "id": waiver.id or None,
        },
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "repository": place.repository or None,
        "path": place.path or None,
        "line": place.line or None,
        "commit": place.commit or None,
        "url": place.url or None,
    }


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def plain(value: Any) -> Any:
    """Any fact value as JSON; a long list or text is cut, a list with its length told."""
    if isinstance(value, datetime):
        return times.format_instant(value)
    if isinstance(value, timedelta):
        return times.format_duration(value)
    if isinstance(value, list | tuple):
        shown = [plain(item) for item in value[:_MAX_LIST]]
        return [*shown, f"… {len(value) - _MAX_LIST} more"] if len(value) > _MAX_LIST else shown
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"{value[:_MAX_TEXT]}…"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value
