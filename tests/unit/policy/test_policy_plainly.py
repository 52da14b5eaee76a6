"""However judging is made fast, it says what plain judging says, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from plain_judging import body, same
from policy_samples import NOW, SCHEMA, SUBJECT, documents, item, judged, several
from test_policy_properties import CARD, IDS, POLICY, fact_values, wrong_values

from app.facts.model import Facts, Reason, Unknown
from app.policy.documents import load_texts
from app.policy.evaluate import evaluate
from app.policy.model import Waiver

WAIVERS = st.lists(
    st.builds(
        Waiver,
        st.sampled_from([SUBJECT.ref, "component:default/other"]),
        st.sampled_from(IDS),
        st.just("reason"),
        st.integers(-2, 2).map(lambda days: NOW + timedelta(days=days)),
        st.just("group:default/sre"),
    ),
    max_size=3,
)
REASONS = st.dictionaries(
    st.sampled_from(["g", "g.ok", "g.list", "g.list.good", "g.unreadable", "g.seen_at"]),
    st.builds(Unknown, st.sampled_from(Reason), st.sampled_from(["down", "away"])),
)


@given(fact_values, REASONS, WAIVERS, st.sampled_from(["t1", "t2", ""]))
def test_any_facts_are_judged_as_plainly(
    values: dict[str, Any], unknown: dict[str, Unknown], waivers: list[Waiver], tier: str
) -> None:
    facts = Facts(values=values, unknown=unknown, collected_at=NOW)
    same(replace(POLICY, waivers=tuple(waivers)), CARD, replace(SUBJECT, tier=tier), facts, NOW)


@given(wrong_values, REASONS)
def test_values_of_any_type_are_judged_as_plainly(values: dict[str, Any], unknown: dict[str, Unknown]) -> None:
    same(POLICY, CARD, SUBJECT, Facts(values=values, unknown=unknown), NOW)


LEAST = "parameters: {least: {type: int, default: 1, doc: Least, by_tier: {t1: 2}}}"
SHARING = several(
    ("own-default", f"each: g.list\nrequire: item.count >= params.least\n{LEAST}"),
    ("same-default", f"each: g.list\nrequire: item.count > params.least\n{LEAST}"),
    ("overridden", f"each: g.list\nrequire: item.count >= params.least\n{LEAST}"),
    ("ignored-too", f"each: g.list\nrequire: item.count >= params.least\ninclude_ignored: true\n{LEAST}"),
    (
        "other-type",
        "each: g.list\nrequire: item.severity != params.word\nparameters: {word: {type: string, default: x, doc: A}}",
    ),
    (
        "same-name-other-type",
        "each: g.list\nrequire: item.seen_at > now - params.word\n"
        "parameters: {word: {type: duration, default: 2d, doc: A}}",
    ),
    ("whole", f"require: size(entity.name) > params.least && g.ok\n{LEAST}"),
)
SHARING_CARD = "".join(
    f"  - {{check: {name}, level: bronze, weight: 1{', parameters: {least: 3}' if name == 'overridden' else ''}}}\n"
    for name in (
        "own-default",
        "same-default",
        "overridden",
        "ignored-too",
        "other-type",
        "same-name-other-type",
        "whole",
    )
)
SHARING_POLICY = load_texts(documents("", card=SHARING_CARD) | {"checks/area.yaml": SHARING}, SCHEMA)


@given(fact_values, st.sampled_from(["t1", "t2"]))
def test_checks_that_share_what_they_see_keep_their_own_parameters(values: dict[str, Any], tier: str) -> None:
    facts = Facts(values=values, collected_at=NOW)
    same(SHARING_POLICY, SHARING_POLICY.scorecards["card"], replace(SUBJECT, tier=tier), facts, NOW)


def test_a_thousand_tiers_do_not_fill_the_memory() -> None:
    for number in range(1000):
        evaluate(POLICY, CARD, replace(SUBJECT, tier=f"tier-{number}"), Facts(), NOW)

    assert len(POLICY.prepared) <= 200


@given(fact_values, st.lists(st.integers(0, 400), min_size=1, max_size=4), WAIVERS)
def test_nothing_changes_before_what_was_judged_stops_to_be_steady(
    values: dict[str, Any], hours: list[int], waivers: list[Waiver]
) -> None:
    policy, facts = replace(POLICY, waivers=tuple(waivers)), Facts(values=values, collected_at=NOW)
    first = evaluate(policy, CARD, SUBJECT, facts, NOW)

    assert first.steady_until is None or first.valid_until is None or first.steady_until <= first.valid_until
    for later in (NOW + timedelta(hours=number) for number in hours):
        if first.steady_until is None or later < first.steady_until:
            assert body(SUBJECT, evaluate(policy, CARD, SUBJECT, facts, later)) == body(SUBJECT, first)


def test_what_is_told_may_change_before_the_outcome_does() -> None:
    rule = "each: g.list\nrequire: now < item.seen_at\nat_least: 0.5"
    items = [item(seen_at=NOW + number * timedelta(days=1)) for number in (1, 2, 3)]
    result = judged(rule, {"g.list": items})

    assert (result.steady_until, result.valid_until) == (NOW + timedelta(days=1), NOW + timedelta(days=2))
