"""Conformance: every golden path, at every tier, passes what files can answer; the rest is unknown, by name."""

import pytest
from golden_births import BIRTHS, KINDS, NOW, TEAM, TIERS, answers, born, paths

from app.pipeline.birth import births, snapshot_of, try_out
from app.pipeline.check import Report, check
from app.policy.model import Policy

LIVE = {
    "sre-maturity": {
        "slo-sli-live",
        "alert-rules-loaded",
        "alert-route-reaches-pager",
        "escalation-levels",
        "oncall-schedule-staffed",
        "dr-objectives-tested",
    },
    "api-reliability": set(),
    "database-reliability": {"db-restore-tested"},
    "kubernetes-cluster": {"dr-objectives-tested"},
}
"""What only a running system, or a drill, can show, by scorecard."""
OF_HIGHER_TIERS = {"dr-objectives-tested"}
"""Of these what tier 3 is not asked."""
FROM_THE_CATALOG = {"owner-is-team", "owner-contactable", "dependencies-declared"}
SCORED = {
    "service": {("component:default/gift-cards", "sre-maturity")},
    "database": {("resource:default/gift-cards", "database-reliability")},
    "kubernetes-cluster": {("resource:default/gift-cards", "kubernetes-cluster")},
    "api": {
        ("component:default/gift-cards", "sre-maturity"),
        ("component:default/gift-cards", "api-reliability"),
        ("api:default/gift-cards-api", "api-reliability"),
    },
}


def judged(kind: str, tier: str, policy: Policy, *, team: bool = True) -> Report:
    files = {**born(kind, tier), **({"team.yaml": TEAM.encode()} if team else {})}
    return check(snapshot_of(files, answers(kind, tier), NOW), policy, NOW)


def test_the_golden_paths_are_those_that_were_promised():
    assert tuple(paths()) == KINDS


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_what_files_can_answer_passes_and_what_only_runs_is_unknown_by_name(kind, tier, policy):
    report = judged(kind, tier, policy)

    found = births(report)
    assert {(one.entity, one.scorecard) for one in found} == SCORED[kind]
    assert {one.entity: one.failing for one in found if one.failing} == {}
    for one in found:
        assert set(one.unseen) == LIVE[one.scorecard] & set(one.unseen)
        assert one.reaches
        assert one.met or (tier == "t1" and LIVE[one.scorecard])
    live = {name for one in found for name in one.unseen}
    asked = {name for _, card in SCORED[kind] for name in LIVE[card]}
    assert live == (asked - OF_HIGHER_TIERS if tier == "t3" else asked)


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_nothing_of_it_is_left_unread_or_belongs_to_nobody(kind, tier, policy):
    report = judged(kind, tier, policy)

    assert report.nobodys == ()
    assert [place for place in report.inventory.unreadable if not place.ignored] == []
    assert list(report.inventory.problems) == []


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_catalog_only_what_the_catalog_knows_is_unknown_beside(kind, policy):
    for one in births(judged(kind, "t2", policy, team=False)):
        assert set(one.unseen) - LIVE[one.scorecard] <= FROM_THE_CATALOG
        assert {"owner-is-team", "owner-contactable"} <= set(one.unseen)
        assert (one.failing, one.reaches, one.met) == ((), True, False)


def test_every_path_is_tried_at_every_tier_that_the_policy_knows(policy):
    tried = list(try_out(paths().values(), policy, NOW))

    assert [(one.kind, one.tier) for one in tried] == BIRTHS
    assert [one for one in tried if one.below] == []
    assert {tier for _, tier in BIRTHS} == set(TIERS)
