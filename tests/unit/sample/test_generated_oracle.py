"""Generated services as an oracle: a plan says what a repository holds, so what is found and judged is known before."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.pipeline.check import check
from app.policy.model import Policy
from app.repos.memory import MemorySnapshot
from app.sample import generated
from app.sample.generated import Plan

NOW = datetime(2026, 11, 24, tzinfo=UTC)
_LINKS = {"good": "resolved", "stub": "missing_anchor", "none": "missing_file"}
"""What an alert's link into docs/runbook.md comes to, by what the plan puts there."""
Seen = tuple[Plan, dict[str, Any], dict[str, str]]


def seen(policy: Policy, seed: int) -> list[Seen]:
    """Plans of a seed, with the facts and outcomes of each."""
    found = []
    for plan in generated.plans(seed, 5):
        snapshot = MemorySnapshot(generated.files(plan), url=f"https://git.example/acme/{plan.name}", now=NOW)
        [judged] = check(snapshot, policy, NOW).judged
        facts = {name: value for one in judged.fact_sets for name, value in one.values.items()}
        [result] = judged.results
        found.append((plan, facts, {one.check.id: str(one.outcome) for one in result.checks}))
    return found


@pytest.fixture(scope="module", params=range(40), ids=lambda seed: f"seed {seed}")
def services(request, policy) -> list[Seen]:
    return seen(policy, request.param)


def passes(holds: object) -> str:
    return "pass" if holds else "fail"


def test_alerts_are_those_of_the_plan_with_their_links(services):
    for plan, facts, _ in services:
        own = [rule for rule in facts["alerting.rules"] if rule["path"] == "monitoring/rules.yaml"]
        assert [(rule["name"], rule["severity"], rule["runbook"]["state"]) for rule in own] == [
            (
                generated.alert_name(plan, number),
                "page" if number < plan.paging else "ticket",
                _LINKS[plan.runbook] if number < plan.linked else "missing",
            )
            for number in range(plan.paging + plan.tickets)
        ]
        assert {rule["expr_valid"] for rule in own} <= {"valid"}
        burn = [rule["severity"] for rule in facts["alerting.rules"] if rule["path"] == "monitoring/slo.yaml"]
        assert sorted(burn) == (["page", "ticket"] if plan.objective else [])


def test_objectives_are_those_of_the_plan(services):
    for plan, facts, _ in services:
        found = [(one["service"], one["objective_ratio"], one["format"]) for one in facts["slo.objectives"]]
        assert found == ([(plan.name, pytest.approx(plan.objective, abs=1e-12), "sloth")] if plan.objective else [])


def test_runbooks_are_those_of_the_plan(services):
    for plan, facts, _ in services:
        found = [(one["path"], one["role"], bool(one["stub"])) for one in facts["runbooks.documents"]]
        assert found == ([] if plan.runbook == "none" else [("docs/runbook.md", "service", plan.runbook == "stub")])


def test_the_catalog_and_on_call_are_those_of_the_plan(services):
    for plan, facts, _ in services:
        assert (facts["catalog.owner"], facts["catalog.system"]) == (
            f"group:default/{plan.owner}",
            f"system:default/{plan.system}",
        )
        assert (facts["catalog.tier"], facts["catalog.type"]) == (plan.tier, "service")
        found = [(one["provider"], one["path"]) for one in facts.get("oncall.bindings") or ()]
        assert found == ([("pagerduty", "catalog-info.yaml")] if plan.on_call else [])


def test_what_a_plan_does_not_hold_is_not_found(services):
    for _, facts, _ in services:
        assert [name for name, value in facts.items() if name.endswith(".unreadable") and value] == []
        for name in ("catalog.problems", "alerting.problems", "alerting.recordings", "api.definitions"):
            assert facts[name] == []
        assert facts["codeowners.present"] is False


def test_verdicts_follow_from_the_plan(services):
    for plan, _, outcomes in services:
        paged, every_one = plan.paging or plan.objective, plan.linked == plan.paging and not plan.objective
        expected = {
            "catalog-entity-healthy": "pass",
            "tier-declared": "pass",
            "system-declared": "pass",
            # its general sections are 140 words, fewer than the 150 asked for; each alert's section adds 80
            "service-runbook-present": passes(plan.runbook == "good" and plan.paging),
            "alert-rules-present": passes(paged),  # a ticket pages nobody
            "alert-runbook-linked": passes(paged and every_one),
            "alert-runbook-resolves": passes(paged and every_one and plan.runbook == "good"),
            "slo-defined": passes(plan.objective),
            "oncall-declared": "pass" if plan.on_call else "unknown",
            "codeowners-covers-service": "fail",
        }
        assert {name: outcomes[name] for name in expected} == expected, plan
