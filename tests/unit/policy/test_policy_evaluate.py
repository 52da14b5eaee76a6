"""Levels, scores and outcomes, by example and by property."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import PolicyError
from app.facts.model import Facts, Reason, Unknown
from app.facts.schema import Fact, Field, Group
from app.policy.documents import load_texts
from app.policy.evaluate import evaluate
from app.policy.model import Outcome, Policy, Subject, Waiver

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FIELDS = {"name": Field("string", "n"), "good": Field("bool", "g"), "at": Field("timestamp", "t")}
SCHEMA = {
    "f": Group(
        "f",
        1,
        "Facts of these tests.",
        {
            **{name: Fact("bool", name) for name in ("a", "b", "c", "d")},
            "at": Fact("timestamp", "when"),
            "things": Fact("items", "things", fields=FIELDS),
            "unreadable": Fact("items", "unreadable", fields={"path": Field("string", "p")}),
        },
    )
}
COMMON = "why: w, source: s, owner: 'group:default/sre', effort: 15m, examples: []"
CHECKS = f"""
area: one
checks:
  - {{id: a, title: A, require: f.a, remediation: fix a, {COMMON}}}
  - {{id: b, title: B, require: f.b, requires: a, remediation: fix b, {COMMON}}}
  - {{id: c, title: C, require: f.c, remediation: fix c, {COMMON}}}
  - {{id: d, title: D, require: f.d, remediation: fix d, {COMMON}}}
  - {{id: things, title: T, each: f.things, require: item.good, remediation: 'fix {{{{ item.name }}}}', {COMMON}}}
  - {{id: fresh, title: F, require: 'now - f.at <= duration("240h")', remediation: fix, {COMMON}}}
"""
CARD = """
id: card
title: Card
owner: group:default/sre
applies_to: entity.kind == "component"
levels: [{id: bronze, title: B}, {id: silver, title: S}]
targets: {t1: silver}
checks:
  - {check: a, level: bronze, weight: 5}
  - {check: b, level: bronze, weight: 3}
  - {check: c, level: silver, weight: 2}
  - {check: d, level: silver, weight: 1}
"""
TIERS = "tiers: [t1, t2]\ndefault_tier: t2\n"
SUBJECT = Subject(ref="component:default/x", kind="component", tier="t1", name="x")
NAMES = ("a", "b", "c", "d")


def policy(card: str = CARD, waivers: tuple[Waiver, ...] = ()) -> Policy:
    loaded = load_texts({"checks/one.yaml": CHECKS, "card.yaml": card, "policy.yaml": TIERS}, SCHEMA)
    return replace(loaded, waivers=waivers)


def only(check: str, more: str = "") -> str:
    head = CARD[: CARD.index("checks:")]
    return f"{head}checks:\n  - {{check: {check}, level: bronze, weight: 1{more}}}\n"


def facts(**values) -> Facts:
    """True and False are values; None is unknown."""
    found = Facts(collected_at=NOW)
    for name, value in values.items():
        if value is None:
            found.unknown[f"f.{name}"] = Unknown(Reason.NOT_CONNECTED, "no source")
        else:
            found.values[f"f.{name}"] = value
    return found


def result(found: Facts, using: Policy | None = None, now: datetime = NOW):
    chosen = using or policy()
    return evaluate(chosen, chosen.scorecards["card"], SUBJECT, found, now)


def outcomes(found) -> dict[str, str]:
    return {check.check.id: str(check.outcome) for check in found.checks}


def test_all_passing_reaches_the_top_and_a_full_score():
    found = result(facts(a=True, b=True, c=True, d=True))
    assert (found.level, found.score, found.coverage, found.meets_target) == ("silver", 1.0, 1.0, True)


def test_a_failure_below_holds_the_level_down():
    found = result(facts(a=True, b=False, c=True, d=True))
    assert (found.level, found.level_possible) == ("none", "none")
    assert found.score == pytest.approx(8 / 11)


def test_unknown_blocks_a_level_lowers_coverage_and_is_no_failure():
    found = result(facts(a=True, b=True, c=None, d=True))
    assert (found.level, found.level_possible, found.score) == ("bronze", "silver", 1.0)
    assert found.coverage == pytest.approx(9 / 11)


def test_what_requires_a_failing_check_fails_as_blocked_by_it():
    found = result(facts(a=False, b=True, c=True, d=True))
    assert outcomes(found)["b"] == "fail"
    assert found.checks[1].reason == "blocked by a: a"


def test_unknown_carries_over_to_what_requires_it():
    assert outcomes(result(facts(a=None, b=True, c=True, d=True)))["b"] == "unknown"


def test_a_waiver_counts_for_the_level_until_it_ends_and_stays_visible():
    waiver = Waiver("component:default/x", "c", "soon", NOW + timedelta(days=3), "ada")
    waived = result(facts(a=True, b=True, c=False, d=True), policy(waivers=(waiver,)))
    assert (waived.level, waived.raw_level, waived.valid_until) == ("silver", "bronze", waiver.until)
    after = result(facts(a=True, b=True, c=False, d=True), policy(waivers=(waiver,)), NOW + timedelta(days=4))
    assert (after.level, outcomes(after)["c"]) == ("bronze", "fail")


def test_before_it_is_enforced_a_check_is_shown_and_does_not_count():
    card = policy(only("a", ", enforced_from: 2026-07-01"))
    before = result(facts(a=False), card)
    assert (before.checks[0].enforced, str(before.checks[0].outcome), before.score) == (False, "fail", None)
    assert before.valid_until == datetime(2026, 7, 1, tzinfo=UTC)
    assert result(facts(a=False), card, datetime(2026, 7, 2, tzinfo=UTC)).score == 0.0


def test_a_check_of_another_tier_is_not_applicable_with_the_reason():
    found = result(facts(a=False), policy(only("a", ", tiers: [t2]")))
    assert str(found.checks[0].outcome) == "not_applicable"
    assert found.checks[0].reason == "asked of t2 only; this is t1"


def test_a_broken_rule_is_an_error_that_counts_as_unknown():
    found = result(facts(a="yes", b=True, c=True, d=True))
    assert outcomes(found)["a"] == "error"
    assert found.coverage == pytest.approx(3 / 11)


def thing(name: str, good: bool | None = True, **more) -> dict:
    return {"name": name, "path": "p.yaml", "line": 1, **({} if good is None else {"good": good}), **more}


@pytest.mark.parametrize(
    ("items", "unreadable", "outcome"),
    [
        ([thing("x")], [], "pass"),
        ([thing("x"), thing("y", False)], [], "fail"),
        ([thing("x"), thing("y", None)], [], "unknown"),
        ([thing("x", False), thing("y", None)], [], "fail"),
        ([], [], "fail"),
        ([], [{"path": "q", "line": 1, "reason": "r"}], "unknown"),
        ([thing("x")], [{"path": "q", "line": 1, "reason": "r"}], "unknown"),
        ([thing("x", False)], [{"path": "q", "line": 1, "reason": "r"}], "fail"),
        ([thing("x")], [{"path": "q", "line": 1, "reason": "r", "ignored": "vendored"}], "pass"),
        ([thing("x", False, ignored="vendored"), thing("y")], [], "pass"),
        ([thing("x", False, ignored="vendored")], [], "fail"),
    ],
)
def test_items_are_counted_three_ways(items, unreadable, outcome):
    found = result(facts(things=items, unreadable=unreadable), policy(only("things")))
    assert str(found.checks[0].outcome) == outcome


def test_offenders_are_named_with_their_place_and_the_remediation_speaks_of_the_first():
    found = result(facts(things=[thing("x"), thing("bad", False)]), policy(only("things"))).checks[0]
    assert [(one.name, one.place.path, one.place.line) for one in found.offenders] == [("bad", "p.yaml", 1)]
    assert found.remediation == "fix bad"


def test_an_outcome_that_time_alone_turns_says_when():
    card = policy(only("fresh"))
    found = result(facts(at=NOW - timedelta(days=4)), card)
    assert (str(found.checks[0].outcome), found.valid_until) == ("pass", NOW + timedelta(days=6, microseconds=1))
    assert str(result(facts(at=NOW - timedelta(days=4)), card, NOW + timedelta(days=7)).checks[0].outcome) == "fail"


STATES = st.sampled_from((True, False, None))
ALL = st.fixed_dictionaries(dict.fromkeys(NAMES, STATES))
RANK = {"none": 0, "bronze": 1, "silver": 2}
POLICY = policy()


def rank(level: str) -> int:
    return RANK[level]


@given(ALL)
def test_score_and_coverage_are_shares_and_judging_twice_gives_the_same(values):
    found = result(facts(**values), POLICY)
    assert found.score is None or 0 <= found.score <= 1
    assert 0 <= found.coverage <= 1
    assert found == result(facts(**values), POLICY)
    assert rank(found.raw_level) <= rank(found.level) <= rank(found.level_possible)


@given(ALL, st.permutations(range(4)))
def test_the_order_of_checks_never_matters(values, order):
    card = POLICY.scorecards["card"]
    mixed = replace(card, entries=tuple(card.entries[place] for place in order))
    one = evaluate(POLICY, card, SUBJECT, facts(**values), NOW)
    other = evaluate(POLICY, mixed, SUBJECT, facts(**values), NOW)
    assert (one.level, one.score, one.coverage, outcomes(one)) == (
        other.level,
        other.score,
        other.coverage,
        outcomes(other),
    )


@given(ALL, st.sampled_from(NAMES))
def test_an_unknown_never_raises_a_level(values, name):
    hidden = result(facts(**{**values, name: None}), POLICY)
    assert rank(hidden.level) <= rank(result(facts(**{**values, name: True}), POLICY).level)
    if values[name] is True:
        assert rank(hidden.level) <= rank(result(facts(**values), POLICY).level)


@given(ALL, st.sampled_from(NAMES))
def test_turning_a_failure_into_a_pass_never_lowers_level_or_score(values, name):
    worse = result(facts(**{**values, name: False}), POLICY)
    better = result(facts(**{**values, name: True}), POLICY)
    assert rank(better.level) >= rank(worse.level)
    assert (better.score or 0) >= (worse.score or 0)


@given(ALL, st.sampled_from(NAMES))
def test_a_waiver_never_lowers_a_level(values, name):
    waiver = Waiver("component:default/x", name, "r", NOW + timedelta(days=1), "ada")
    waived = result(facts(**values), replace(POLICY, waivers=(waiver,)))
    assert rank(waived.level) >= rank(result(facts(**values), POLICY).level)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.fixed_dictionaries({"a": ANY, "b": ANY, "things": ANY, "at": ANY, "unreadable": st.lists(ANY, max_size=2)}))
def test_facts_of_wrong_types_give_errors_and_never_an_exception(values):
    found = Facts(values={f"f.{name}": value for name, value in values.items()}, collected_at=NOW)
    for card in (CARD, only("things"), only("fresh")):
        checks = result(found, policy(card)).checks
        assert all(isinstance(check.outcome, Outcome) for check in checks)


def refused(texts: dict[str, str]) -> list[str]:
    with pytest.raises(PolicyError) as error:
        load_texts(
            {
                "checks/one.yaml": CHECKS,
                "card.yaml": CARD,
                "policy.yaml": TIERS,
                **texts,
            },
            SCHEMA,
        )
    return str(error.value).splitlines()


def test_a_typo_in_a_key_is_told_with_its_place_and_a_suggestion():
    assert refused({"card.yaml": CARD.replace("targets:", "target:")}) == [
        "card.yaml:7:1: `target` is not known in a scorecard; did you mean targets?"
    ]


def test_a_typo_in_a_fact_is_told_with_line_and_column():
    text = "area: one\nchecks:\n  - id: z\n    title: Z\n    require: f.aa && f.b\n    remediation: r\n"
    text += "".join(f"    {part.strip()}\n" for part in COMMON.split(", ") if part)
    (problem,) = refused({"checks/two.yaml": text})
    assert (
        problem
        == "checks/two.yaml:5:14: `require`: f.aa is not a declared fact, item field or parameter; did you mean f.a?"
    )


def test_a_prerequisite_must_stand_at_the_same_or_a_lower_level():
    card = CARD.replace("{check: a, level: bronze", "{check: a, level: silver")
    assert "b requires a, which must stand before it at the same or a lower level" in refused({"card.yaml": card})[0]


def test_a_cycle_of_prerequisites_is_refused():
    assert any(
        "checks require each other" in line
        for line in refused({"checks/one.yaml": CHECKS.replace("require: f.a,", "require: f.a, requires: b,")})
    )


def test_a_waiver_without_an_end_is_refused():
    text = "waivers:\n  - {entity: component:default/x, check: a, reason: r, approved_by: ada}\n"
    assert refused({"waivers.yaml": text}) == ["waivers.yaml:2:5: a waiver needs `until`"]


def test_every_mistake_is_told_at_once():
    assert (
        len(refused({"card.yaml": CARD.replace("weight: 5", "weight: five").replace("level: silver", "level: sliver")}))
        >= 3
    )
