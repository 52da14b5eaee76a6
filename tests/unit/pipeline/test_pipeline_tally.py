"""Counting a team's entities: levels, areas by their worst outcome, and what stands before the next level."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.pipeline.tally import counts_of
from app.store.team_counts import Count, Distance, Stood

CARD = "sre-maturity"


@pytest.fixture
def passing(policy):
    return {entry.check: "pass" for entry in policy.scorecards[CARD].entries}


def stood(outcomes, level="none", held="below"):
    return Stood("component:default/a", CARD, level, held, outcomes, {})


def found(counts, kind, name):
    return {one.outcome: one.count for one in counts if (one.kind, one.name) == (kind, name)}


def test_an_area_counts_by_its_worst_outcome_once_an_entity(policy, passing, now):
    counts, _ = counts_of(
        policy,
        [
            stood(passing | {"alert-runbook-linked": "fail", "runbook-fresh": "unknown"}),
            stood(passing | {"runbook-fresh": "unknown", "service-runbook-present": "waived"}),
            stood(passing),
        ],
        now,
    )

    assert found(counts, "area", "runbooks") == {"fail": 1, "unknown": 1, "pass": 1}
    assert found(counts, "check", "runbook-fresh") == {"unknown": 2, "pass": 1}


def test_levels_are_counted_by_whether_they_meet_their_target(policy, passing, now):
    rows = [stood(passing, "gold", "on"), stood(passing, "none"), stood(passing, "none", held="")]

    counts, _ = counts_of(policy, rows, now)

    assert Count(CARD, "level", "gold", "on", 1) in counts
    assert found(counts, "level", "none") == {"below": 1, "": 1}


def test_the_distance_is_what_fails_up_to_the_next_level_with_its_effort(policy, passing, now):
    broken = {"owner-is-team": "fail", "service-runbook-present": "fail", "slo-defined": "fail"}

    counts, ((_, near),) = counts_of(policy, [stood(passing | broken)], now)

    minutes = sum((policy.checks[name].effort for name in list(broken)[:2]), timedelta()).total_seconds()
    assert near == Distance("bronze", 2, 0, int(minutes), "")
    assert found(counts, "step", "owner-is-team") == {"bronze": 1}
    assert found(counts, "step", "slo-defined") == {}


@pytest.mark.parametrize(("also", "alone"), [({}, "owner-is-team"), ({"oncall-declared": "unknown"}, "")])
def test_only_what_was_seen_whole_is_one_check_away(policy, passing, now, also, alone):
    counts, ((_, near),) = counts_of(policy, [stood(passing | {"owner-is-team": "fail"} | also)], now)

    assert (near.check, near.failing, near.unseen) == (alone, 1, len(also))
    assert found(counts, "alone", "owner-is-team") == ({"bronze": 1} if alone else {})


def test_at_the_highest_level_nothing_stands_before_the_next(policy, passing, now):
    _, ((_, near),) = counts_of(policy, [stood(passing, "gold", "on")], now)

    assert (near.next_level, near.failing) == ("", 0)


def test_a_scorecard_or_check_that_policy_dropped_is_not_counted(policy, now):
    counts, near = counts_of(policy, [Stood("component:default/a", "old", "gold", "on", {"gone": "fail"}, {})], now)
    assert (counts, near) == ([], [])

    counts, _ = counts_of(policy, [stood({"gone": "fail"})], now)
    assert {one.kind for one in counts} == {"level"}
