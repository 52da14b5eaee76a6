"""What holds for every entity, whatever its facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from policy_samples import NOW, SCHEMA, SUBJECT, documents, several

from app.facts.model import Facts, Reason, Unknown
from app.policy.documents import load_texts
from app.policy.evaluate import evaluate
from app.policy.levels import level_of, possible, raw, standing
from app.policy.model import CheckResult, Outcome, Policy, ScorecardResult, Waiver
from app.policy.results import to_json

CHECKS = several(
    ("plain", "require: g.ok"),
    ("either", "require: g.ok || g.fine"),
    ("needs", "require: g.fine\nrequires: plain"),
    ("timely", "require: now - g.seen_at < duration('48h') || g.well"),
    (
        "all-good",
        "each: g.list\nwhere: item.severity != 'info'\nrequire: item.good\nunknown: item.runbook.state == 'x'",
    ),
    ("half", "each: g.list\nrequire: item.good && item.count > 1\nat_least: 0.5\nrequires: all-good"),
    ("some", "each: g.list\nrequire: item.seen_at < now\nminimum: 2"),
)
IDS = ("plain", "either", "needs", "timely", "all-good", "half", "some")
ENTRIES = [
    "{check: plain, level: bronze, weight: 3}",
    "{check: either, level: bronze, weight: 1, tiers: [t2]}",
    "{check: needs, level: silver, weight: 2}",
    "{check: timely, level: silver, weight: 2, enforced_from: 2026-05-01}",
    "{check: all-good, level: silver, weight: 5}",
    "{check: half, level: gold, weight: 4}",
    "{check: some, level: gold, weight: 1, tiers: [t1]}",
]


def load() -> Policy:
    card = "".join(f"  - {entry}\n" for entry in ENTRIES) + "required_areas: [area]\n"
    return load_texts(documents("", card=card) | {"checks/area.yaml": CHECKS}, SCHEMA)


POLICY = load()
CARD = POLICY.scorecards["card"]
TARGETS = ("bronze", "silver", "gold")

moments = st.integers(-100, 100).map(lambda hours: NOW + timedelta(hours=hours))
item_fields: dict[str, st.SearchStrategy[Any]] = {
    "good": st.booleans(),
    "count": st.integers(0, 3),
    "severity": st.sampled_from(["", "page", "info"]),
    "runbook": st.fixed_dictionaries({}, optional={"state": st.sampled_from(["x", "y"])}),
    "seen_at": moments,
    "ignored": st.sampled_from(["", "vendored"]),
    "name": st.text(max_size=3),
    "path": st.text(max_size=3),
    "line": st.integers(0, 9),
}
items = st.lists(st.fixed_dictionaries({}, optional=item_fields), max_size=4)
fact_values = st.fixed_dictionaries(
    {},
    optional={
        "g.ok": st.booleans(),
        "g.fine": st.booleans(),
        "g.well": st.booleans(),
        "g.seen_at": moments,
        "g.list": items,
        "g.unreadable": st.lists(st.just({"path": "p", "line": 1, "reason": "r", "ignored": ""}), max_size=1),
    },
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.datetimes() | st.binary()
junk = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
names = ("g.ok", "g.fine", "g.well", "g.seen_at", "g.list", "g.unreadable")
wrong_items = st.lists(st.dictionaries(st.sampled_from([*item_fields, "unknown"]), junk, max_size=6) | junk, max_size=3)
wrong_values = st.dictionaries(st.sampled_from(names), junk | wrong_items)


def judge(values: dict[str, Any], policy: Policy = POLICY, **facts: Any) -> ScorecardResult:
    return evaluate(policy, policy.scorecards["card"], SUBJECT, Facts(values=dict(values), **facts), NOW)


def rank(level: str) -> int:
    return CARD.rank(level)


def in_bounds(result: ScorecardResult) -> None:
    assert result.score is None or 0 <= result.score <= 1
    assert result.coverage is None or 0 <= result.coverage <= 1
    assert rank(result.raw_level) <= rank(result.level) <= rank(result.level_possible)
    assert result.valid_until is None or result.valid_until > NOW


@given(fact_values)
def test_judging_is_total_bounded_and_repeatable(values: dict[str, Any]) -> None:
    result = judge(values)

    in_bounds(result)
    assert result == judge(values)
    assert Outcome.ERROR not in {check.outcome for check in result.checks}


@given(wrong_values)
def test_values_of_any_type_never_raise_and_still_become_json(values: dict[str, Any]) -> None:
    result = judge(values)

    in_bounds(result)
    assert len(to_json(SUBJECT.ref, [result])["scorecards"][0]["checks"]) == len(IDS)


@given(fact_values, st.permutations(CARD.entries))
def test_the_order_of_checks_never_matters(values: dict[str, Any], entries: list[Any]) -> None:
    shuffled = replace(POLICY, scorecards={"card": replace(CARD, entries=tuple(entries))})
    one, other = judge(values), judge(values, shuffled)

    assert {check.check.id: check for check in one.checks} == {check.check.id: check for check in other.checks}
    assert replace(one, scorecard=CARD, checks=()) == replace(other, scorecard=CARD, checks=())


@given(fact_values, st.data())
def test_deleting_a_fact_never_raises_a_level(values: dict[str, Any], data: st.DataObject) -> None:
    known = sorted(set(values) - {"g.unreadable"})
    gone = data.draw(st.sets(st.sampled_from(known))) if known else set()
    reasons = dict.fromkeys(gone, Unknown(Reason.SOURCE_FAILING, "down"))
    less = judge({name: value for name, value in values.items() if name not in gone}, unknown=reasons)

    assert rank(less.level) <= rank(judge(values).level)


@given(fact_values, st.sampled_from(["good", "count", "severity", "runbook", "seen_at"]))
def test_deleting_a_field_of_every_item_never_raises_a_level(values: dict[str, Any], field: str) -> None:
    bare = [{key: value for key, value in item.items() if key != field} for item in values.get("g.list", [])]

    assert rank(judge({**values, "g.list": bare}).level) <= rank(
        judge({**values, "g.list": values.get("g.list", [])}).level
    )


@given(fact_values, st.sets(st.sampled_from(IDS)))
def test_a_waiver_never_lowers_a_level_and_never_touches_the_raw_one(values: dict[str, Any], waived: set[str]) -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    waivers = tuple(Waiver(SUBJECT.ref, check, "reason", until, "group:default/sre") for check in sorted(waived))
    before, after = judge(values), judge(values, replace(POLICY, waivers=waivers))

    assert rank(after.level) >= rank(before.level)
    assert after.raw_level == before.raw_level


def outcomes_strategy() -> st.SearchStrategy[list[CheckResult]]:
    def result(check: str) -> st.SearchStrategy[CheckResult]:
        return st.builds(
            CheckResult,
            check=st.just(POLICY.checks[check]),
            level=st.sampled_from(TARGETS),
            weight=st.integers(1, 9),
            outcome=st.sampled_from(Outcome),
            raw=st.sampled_from(Outcome),
            enforced=st.booleans(),
        )

    return st.tuples(*map(result, IDS)).map(list)


def level(results: list[CheckResult]) -> int:
    return rank(level_of(CARD, results, [result.outcome for result in results]))


@given(outcomes_strategy())
def test_turning_a_fail_into_a_pass_never_lowers_score_or_level(results: list[CheckResult]) -> None:
    for index, result in enumerate(results):
        if result.outcome is Outcome.FAIL:
            better = [*results[:index], replace(result, outcome=Outcome.PASS), *results[index + 1 :]]
            assert (standing(CARD, better).score or 0) >= (standing(CARD, results).score or 0)
            assert level(better) >= level(results)


@given(outcomes_strategy())
def test_turning_any_outcome_into_unknown_never_raises_a_level(results: list[CheckResult]) -> None:
    for index, result in enumerate(results):
        if result.outcome is not Outcome.NOT_APPLICABLE:
            hidden = [*results[:index], replace(result, outcome=Outcome.UNKNOWN), *results[index + 1 :]]
            assert level(hidden) <= level(results)


@given(outcomes_strategy())
def test_what_could_be_is_never_below_what_is(results: list[CheckResult]) -> None:
    assert rank(level_of(CARD, results, possible(results))) >= level(results)
    assert raw(results) == [result.raw for result in results]
