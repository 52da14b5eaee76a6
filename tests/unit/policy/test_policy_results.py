"""Whole results: levels, scores, scope, prerequisites, waivers, and their JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from policy_samples import NOW, SCHEMA, SUBJECT, documents, item, judged, policy, several

from app.facts.model import Facts, Place, Reason, Unknown
from app.policy.documents import load_texts
from app.policy.evaluate import applies, evaluate
from app.policy.model import ScorecardResult
from app.policy.plan import next_steps
from app.policy.results import plain, to_json

THREE = several(("a", "require: g.ok"), ("b", "require: g.fine"), ("c", "require: g.well"))
LEVELS = (
    "  - {check: a, level: bronze, weight: 1}\n"
    "  - {check: b, level: silver, weight: 2}\n"
    "  - {check: c, level: gold, weight: 5}\n"
)


def three(
    values: Mapping[str, Any], *, card: str = LEVELS, checks: str = THREE, facts: Facts | None = None, **others: str
) -> ScorecardResult:
    texts = documents("require: g.ok", card=card, **others) | {"checks/area.yaml": checks}
    loaded = load_texts(texts, SCHEMA)
    return evaluate(loaded, loaded.scorecards["card"], SUBJECT, facts or Facts(values=dict(values)), NOW)


def seen(ok: bool | None, fine: bool | None, well: bool | None) -> dict[str, bool]:
    values = {"g.ok": ok, "g.fine": fine, "g.well": well}
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("values", "level", "possible", "score", "coverage"),
    [
        (seen(True, True, True), "gold", "gold", 1.0, 1.0),
        (seen(True, True, False), "silver", "silver", 3 / 8, 1.0),
        (seen(True, False, True), "bronze", "bronze", 6 / 8, 1.0),
        (seen(False, True, True), "none", "none", 7 / 8, 1.0),
        (seen(True, None, True), "bronze", "gold", 1.0, 6 / 8),
        (seen(None, True, False), "none", "silver", 2 / 7, 7 / 8),
        (seen(None, None, None), "none", "gold", None, 0.0),
    ],
)
def test_level_score_and_coverage_follow_from_the_outcomes(
    values: dict[str, bool], level: str, possible: str, score: float | None, coverage: float
) -> None:
    result = three(values)

    assert (result.level, result.level_possible, result.score, result.coverage) == (level, possible, score, coverage)


def test_a_level_without_a_check_of_its_own_that_holds_is_skipped() -> None:
    card = LEVELS.replace("level: silver, weight: 2", "level: silver, weight: 2, tiers: [t1]")

    assert three(seen(True, False, False), card=card).level == "bronze"
    assert three(seen(True, False, True), card=card).level == "gold"


def test_out_of_scope_by_tier_is_not_applicable_and_leaves_score_and_coverage_alone() -> None:
    result = three(seen(True, False, True), card=LEVELS.replace("weight: 5", "weight: 5, tiers: [t1]"))

    assert (result.checks[2].outcome, result.checks[2].reason) == ("not_applicable", "asked of t1 only; this is t2")
    assert (result.score, result.coverage) == (1 / 3, 1.0)


def test_a_source_out_of_scope_is_not_applicable_with_the_reason() -> None:
    settings = "tiers: [t1, t2]\ndefault_tier: t2\nsources_out_of_scope: [b]\n"
    result = three(seen(True, None, True), policy=settings)

    assert (result.checks[1].outcome, result.level) == ("not_applicable", "gold")
    assert result.checks[1].reason == "policy leaves this source out of scope"


def test_a_failing_prerequisite_fails_what_depends_on_it() -> None:
    checks = several(("a", "require: g.ok"), ("b", "require: g.fine\nrequires: a"), ("c", "require: g.well"))
    result = three(seen(False, True, True), checks=checks)

    assert (result.checks[1].outcome, result.checks[1].reason) == ("fail", "blocked by a: the check holds")


def test_an_unknown_prerequisite_carries_over_with_its_reason() -> None:
    checks = several(("a", "require: g.ok"), ("b", "require: g.fine\nrequires: a"), ("c", "require: g.well"))
    facts = Facts(values=seen(None, True, True), unknown={"g.ok": Unknown(Reason.NOT_CONNECTED, "no forge")})
    result = three({}, checks=checks, facts=facts)

    assert (result.checks[1].outcome, result.checks[1].code) == ("unknown", "not_connected")
    assert result.checks[1].reason == "blocked by a: no forge"


def test_a_waiver_lifts_the_level_lowers_the_coverage_and_stays_visible() -> None:
    waivers = "waivers: [{entity: 'Component:X', check: b, reason: r, until: 2027-01-01, approved_by: o}]"
    result = three(seen(True, False, True), waivers=waivers)

    assert (result.checks[1].outcome, result.checks[1].raw) == ("waived", "fail")
    assert (result.level, result.raw_level, result.score, result.coverage) == ("gold", "bronze", 1.0, 6 / 8)


def test_a_waived_prerequisite_still_blocks_and_lends_its_waiver() -> None:
    checks = several(("a", "require: g.ok"), ("b", "require: g.fine\nrequires: a"), ("c", "require: g.well"))
    waivers = "waivers: [{entity: 'component:x', check: a, reason: r, until: 2027-01-01, approved_by: o}]"
    result = three(seen(False, True, True), checks=checks, waivers=waivers)

    assert [(check.outcome, check.raw) for check in result.checks] == [
        ("waived", "fail"),
        ("waived", "fail"),
        ("pass", "pass"),
    ]
    assert result.checks[1].reason == "blocked by a: the check holds"
    assert result.checks[1].waiver == result.checks[0].waiver


def test_an_expired_waiver_and_one_of_another_entity_waive_nothing() -> None:
    waivers = (
        "waivers:\n"
        "  - {entity: 'component:x', check: b, reason: r, until: 2026-06-01, approved_by: o}\n"
        "  - {entity: 'component:y', check: b, reason: r, until: 2027-01-01, approved_by: o}\n"
    )

    assert three(seen(True, False, True), waivers=waivers).checks[1].outcome == "fail"


def test_before_its_date_a_check_is_shown_and_does_not_count() -> None:
    result = three(seen(True, False, True), card=LEVELS.replace("weight: 2", "weight: 2, enforced_from: 2026-09-01"))

    assert (result.checks[1].outcome, result.checks[1].enforced) == ("fail", False)
    assert result.checks[1].reason == "counts from 2026-09-01; fine: no"
    assert (result.level, result.score, result.coverage) == ("gold", 1.0, 1.0)


def test_where_a_required_area_shows_nothing_the_entity_is_not_rated() -> None:
    card = "  - {check: c, level: bronze, weight: 1}\nrequired_areas: [area]\n"

    nothing = judged("require: g.ok", {}, card=card)
    assert (nothing.level, nothing.level_possible) == ("not_rated", "bronze")
    assert judged("require: g.ok", {"g.ok": False}, card=card).level == "none"


def test_a_broken_rule_counts_as_unknown_and_never_as_a_pass() -> None:
    result = three({**seen(True, None, True), "g.fine": "yes"})

    assert (result.checks[1].outcome, result.level, result.level_possible) == ("error", "bronze", "gold")
    assert result.coverage == 6 / 8


@pytest.mark.parametrize(("tier", "target", "meets"), [("t1", "gold", False), ("t2", "silver", True), ("", "", None)])
def test_the_target_is_the_tiers(tier: str, target: str, meets: bool | None) -> None:
    loaded = policy("require: g.ok", card="  - {check: c, level: silver, weight: 1}\n")
    subject = replace(SUBJECT, tier=tier)
    result = evaluate(loaded, loaded.scorecards["card"], subject, Facts(values={"g.ok": True}), NOW)

    assert (result.target_level, result.meets_target) == (target, meets)


def test_parameters_go_by_the_check_then_the_tier_then_the_scorecard() -> None:
    rule = "require: params.n == 3\nparameters: {n: {type: int, default: 1, doc: d, by_tier: {t1: 3}}}"

    assert judged(rule, {}).checks[0].outcome == "fail"
    assert judged(rule, {}, subject=replace(SUBJECT, tier="t1")).checks[0].outcome == "pass"
    assert judged(rule, {}, card="  - {check: c, level: bronze, parameters: {n: 3}}\n").checks[0].outcome == "pass"


def test_a_scorecard_applies_by_its_rule() -> None:
    card = policy("require: g.ok").scorecards["card"]

    assert (applies(card, SUBJECT), applies(card, replace(SUBJECT, kind="api"))) == (True, False)


def test_evidence_names_the_fact_what_was_expected_seen_and_where() -> None:
    loaded = policy("require: g.ok && g.fine")
    place = Place(repository="https://example.org/x", commit="1a2b", path="a.yaml", line=3)
    facts = Facts(values=seen(True, False, None), evidence={"g.fine": place}, given_by={"g.fine": "group:default/g"})
    [check] = to_json(SUBJECT.ref, [evaluate(loaded, loaded.scorecards["card"], SUBJECT, facts, NOW)])["scorecards"][0][
        "checks"
    ]

    assert check["evidence"][1] == {
        "fact": "g.fine",
        "expected": "g.ok && g.fine",
        "observed": False,
        "repository": "https://example.org/x",
        "path": "a.yaml",
        "line": 3,
        "commit": "1a2b",
        "url": None,
        "given_by": "group:default/g",
    }


def test_a_result_is_json_through_and_through() -> None:
    rule = "each: g.list\nrequire: now < item.seen_at"
    result = judged(rule, {"g.list": [item(seen_at=NOW, count=10**30, name="<b>" * 400)]})

    dumped = json.loads(json.dumps(to_json(SUBJECT.ref, [result]), allow_nan=False))

    assert (dumped["entity"], dumped["scorecards"][0]["checks"][0]["effort"]) == ("component:default/x", "15m")
    assert dumped["scorecards"][0]["checks"][0]["offenders"][0]["path"] == "a.yaml"


def test_odd_values_become_plain_json() -> None:
    assert plain([float("nan"), float("inf"), NOW]) == ["nan", "inf", "2026-06-01T00:00:00Z"]
    assert plain("a" * 501) == "a" * 500 + "…"
    assert plain(list(range(25)))[19:] == [19, "… 5 more"]


def test_the_plan_takes_the_lowest_level_first_then_the_least_effort_for_the_most_weight() -> None:
    checks = several(("a", "require: g.ok"), ("b", "require: g.fine"), ("c", "require: g.well"))
    checks = checks.replace("15m", "2h", 1)
    card = LEVELS.replace("level: gold", "level: silver")
    result = three(seen(False, False, False), checks=checks, card=card)

    assert [step.checks for step in next_steps([result])] == [("a",), ("c",), ("b",)]
    assert [step.checks for step in next_steps([result], limit=1)] == [("a",)]


def test_the_plan_has_prerequisites_and_names_what_they_open() -> None:
    checks = several(("a", "require: g.ok"), ("b", "require: g.fine\nrequires: a"), ("c", "require: g.well"))
    steps = next_steps([three(seen(False, False, True), checks=checks)])

    assert [(step.checks, step.opens) for step in steps] == [(("a",), ("b",))]


def test_the_plan_leaves_out_what_does_not_count_yet_is_waived_or_unknown() -> None:
    card = LEVELS.replace("weight: 1", "weight: 1, enforced_from: 2026-09-01")
    waivers = "waivers: [{entity: 'component:x', check: b, reason: r, until: 2027-01-01, approved_by: o}]"

    assert next_steps([three(seen(False, False, None), card=card, waivers=waivers)]) == []
