"""The project's own policy: every document loads, every example holds, and the levels keep their promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.facts.groups import SCHEMA
from app.policy import documents
from app.policy.examples import run_examples
from app.policy.model import Policy

SCORECARDS = Path(__file__).parents[2] / "scorecards"
LIVE = {
    "slo-sli-live",
    "escalation-levels",
    "oncall-schedule-staffed",
    "alert-rules-loaded",
    "alert-route-reaches-pager",
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return documents.load(SCORECARDS, SCHEMA)


def at_level(policy: Policy, level: str) -> set[str]:
    return {entry.check for entry in policy.scorecards["sre-maturity"].entries if entry.level == level}


def test_every_example_of_every_check_holds(policy: Policy) -> None:
    assert [str(failure) for failure in run_examples(policy)] == []


def test_every_check_shows_pass_fail_and_unknown(policy: Policy) -> None:
    shown = {check.id: {str(example.outcome) for example in check.examples} for check in policy.checks.values()}

    assert {name: outcomes for name, outcomes in shown.items() if outcomes != {"pass", "fail", "unknown"}} == {}


def test_bronze_is_the_seven_checks_of_a_day(policy: Policy) -> None:
    assert at_level(policy, "bronze") == {
        "catalog-entity-healthy",
        "owner-is-team",
        "owner-contactable",
        "service-runbook-present",
        "alert-rules-present",
        "oncall-declared",
        "alert-runbook-linked",
    }


def test_live_checks_stand_at_gold_only(policy: Policy) -> None:
    assert at_level(policy, "gold") >= LIVE
    assert not LIVE & (at_level(policy, "bronze") | at_level(policy, "silver"))


def test_objectives_are_asked_from_silver(policy: Policy) -> None:
    assert "slo-defined" in at_level(policy, "silver")
    assert not [name for name in at_level(policy, "bronze") if policy.checks[name].area == "slos"]


def test_every_check_is_used_by_a_scorecard(policy: Policy) -> None:
    assert {entry.check for card in policy.scorecards.values() for entry in card.entries} == set(policy.checks)


def test_checks_of_style_weigh_one(policy: Policy) -> None:
    weights = {entry.check: entry.weight for entry in policy.scorecards["sre-maturity"].entries}

    style = ("entity-described", "slo-described", "alert-annotations-complete", "alert-name-style")
    assert [weights[name] for name in style] == [1, 1, 1, 1]


def test_the_settings_name_the_default_tier_and_paging_tools(policy: Policy) -> None:
    assert policy.default_tier == "t3"
    assert policy.settings["oncall"]["annotations"]["pagerduty.com/service-id"] == "pagerduty"
    assert policy.waivers == ()
