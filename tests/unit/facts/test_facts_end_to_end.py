"""A small service from its files to its level, all in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.facts.groups import SCHEMA
from app.pipeline.scoring import score
from app.policy import documents
from app.policy.model import Policy, ScorecardResult

SCORECARDS = Path(__file__).parents[3] / "scorecards"
URL = "https://github.com/shop/payments"
TICKET = '          description: "{{ $value | humanizePercentage }} of requests fail."\n'


@pytest.fixture(scope="module")
def policy() -> Policy:
    return documents.load(SCORECARDS, SCHEMA)


@pytest.fixture
def judged(
    policy: Policy, snapshot: Callable[..., Any], looked: Callable[..., Any], now: datetime
) -> Callable[..., ScorecardResult]:
    def of(files: dict[str, str], **parts: Any) -> ScorecardResult:
        look = looked(snapshot(files, url=URL, **parts))
        (result,) = score(policy, look.entity("component:default/payments"), look.world, now).results
        return result

    return of


def outcomes(result: ScorecardResult) -> dict[str, str]:
    return {check.check.id: str(check.outcome) for check in result.checks}


@pytest.fixture
def good_files(service_files: dict[str, str]) -> dict[str, str]:
    """All that silver asks: the last open link leads to its own section, too."""
    section = """
## PaymentsDown

### Meaning

No instance of payments has been scraped for five minutes.

### Impact

Nobody can pay at all, and the shop shows an error page.

### Diagnosis

1. Look whether its pods run.

### Mitigation

1. Restart it with `kubectl rollout restart deployment/payments`.
"""
    alerts = service_files["alerts.yaml"].replace("https://git.example.org/elsewhere", "docs/runbook.md#paymentsdown")
    return {**service_files, "alerts.yaml": alerts, "docs/runbook.md": service_files["docs/runbook.md"] + section}


def test_a_good_service_is_silver_and_could_be_no_more_without_two_signals(
    judged: Callable[..., ScorecardResult], good_files: dict[str, str]
) -> None:
    result = judged(good_files)

    found = outcomes(result)
    below_gold = {check.check.id: found[check.check.id] for check in result.checks if check.level != "gold"}
    assert {name: outcome for name, outcome in below_gold.items() if outcome != "pass"} == {}
    assert (result.level, result.level_possible, result.target_level) == ("silver", "silver", "silver")
    assert {name for name, outcome in found.items() if outcome == "unknown"} == {
        "slo-sli-live",
        "escalation-levels",
        "oncall-schedule-staffed",
        "alert-rules-loaded",
        "alert-route-reaches-pager",
    }
    assert found["slo-signal-coverage"] == "fail"


def test_no_outcome_is_ever_an_error(judged: Callable[..., ScorecardResult], good_files: dict[str, str]) -> None:
    for path in ("", *good_files):
        if path == "catalog-info.yaml":
            continue
        result = judged({name: text for name, text in good_files.items() if name != path})

        assert "error" not in outcomes(result).values(), path


def test_deleting_evidence_never_raises_the_level_or_the_score(
    judged: Callable[..., ScorecardResult], good_files: dict[str, str]
) -> None:
    whole = judged(good_files)

    for path in good_files:
        if path == "catalog-info.yaml":
            continue
        less = judged({name: text for name, text in good_files.items() if name != path})

        assert whole.scorecard.rank(less.level) <= whole.scorecard.rank(whole.level), path
        assert (less.score or 0) < (whole.score or 0), path


def test_a_paging_alert_without_a_runbook_costs_bronze(
    judged: Callable[..., ScorecardResult], good_files: dict[str, str]
) -> None:
    alerts = good_files["alerts.yaml"].replace("          runbook_url: docs/runbook.md#paymentsdown\n", "")

    result = judged({**good_files, "alerts.yaml": alerts})

    linked = next(check for check in result.checks if check.check.id == "alert-runbook-linked")
    assert result.level == "none"
    assert [(o.name, o.place.path, o.place.line) for o in linked.offenders] == [("PaymentsDown", "alerts.yaml", 17)]
    assert "PaymentsDown (alerts.yaml:17)" in linked.remediation
    assert outcomes(result)["alert-runbook-resolves"] == "fail"


def test_an_alert_without_a_severity_counts_as_paging(
    judged: Callable[..., ScorecardResult], good_files: dict[str, str]
) -> None:
    alerts = good_files["alerts.yaml"].replace("severity: ticket, ", "")

    found = outcomes(judged({**good_files, "alerts.yaml": alerts}))

    assert found["alert-runbook-linked"] == "fail"
    assert found["alert-severity-labelled"] == "fail"


def test_without_a_runbook_what_needs_it_is_blocked(
    judged: Callable[..., ScorecardResult], good_files: dict[str, str]
) -> None:
    del good_files["docs/runbook.md"]

    result = judged(good_files)

    complete = next(check for check in result.checks if check.check.id == "service-runbook-complete")
    assert complete.outcome == "fail"
    assert complete.reason.startswith("blocked by service-runbook-present")


def test_a_vendored_rule_never_counts(judged: Callable[..., ScorecardResult], good_files: dict[str, str]) -> None:
    bad = "groups: [{name: v, rules: [{alert: bad name, expr: up == 0}]}]\n"

    result = judged({**good_files, "vendor/dep/alerts.yaml": bad})

    assert result.level == "silver"
    assert outcomes(result)["alert-name-style"] == "pass"


def test_a_stale_review_turns_by_time_alone(judged: Callable[..., ScorecardResult], good_files: dict[str, str]) -> None:
    dated = "---\nlast_reviewed: 2025-09-01\n---\n" + good_files["docs/runbook.md"]

    result = judged({**good_files, "docs/runbook.md": dated})

    assert outcomes(result)["runbook-fresh"] == "pass"
    assert result.valid_until is not None
    assert result.valid_until.date().isoformat() == "2026-09-01"
