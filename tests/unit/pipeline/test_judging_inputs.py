"""The fingerprint of a judging's inputs: another for each input that is another, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.catalog.model import Entity, EntityRef
from app.facts.model import FactSet, Place, Read, Reason, Unknown
from app.pipeline.inputs import fingerprint, still_holds
from app.pipeline.scoring import Looked
from app.policy.model import Policy, Subject
from app.store.codec import dumped_facts
from app.store.last import Earlier, LastJudging

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FACTS = FactSet(retriever="slo", version=1, values={"slo.signals": ["latency"]}, collected_at=NOW)
SUBJECT = Subject(ref="component:default/shop", kind="component", name="shop", labels={"a": "b"})
POLICY = Policy(checks={}, scorecards={}, version="1")
ENTITY = Entity(
    ref=EntityRef("component", "default", "shop"), kind="Component", name="shop", namespace="default", document={}
)


def of(facts: FactSet = FACTS, subject: Subject = SUBJECT, policy: Policy = POLICY, commit: str = "a") -> str:
    looked = Looked(ENTITY, subject, (), (facts,))
    return fingerprint(policy, looked, [dumped_facts(facts)], commit)


def test_when_the_same_was_seen_plays_no_part() -> None:
    assert of(replace(FACTS, collected_at=NOW + timedelta(days=1))) == of()


@pytest.mark.parametrize(
    "other",
    [
        replace(FACTS, values={"slo.signals": []}),
        replace(FACTS, values={}, unknown={"slo.signals": Unknown(Reason.EXPIRED, "gone")}),
        replace(FACTS, evidence={"slo.signals": Place("u", "c", "p", 1)}),
        replace(FACTS, given_by={"slo.signals": "system:default/x"}),
        replace(FACTS, reads=(Read("u", "c", "p"),)),
        replace(FACTS, error="timed out"),
        replace(FACTS, expires_at=NOW),
        replace(FACTS, version=2),
        replace(FACTS, retriever="other"),
    ],
)
def test_other_facts_are_other_inputs(other: FactSet) -> None:
    assert of(other) != of()


def test_another_entity_policy_or_commit_is_another_input() -> None:
    made = {
        of(),
        of(subject=replace(SUBJECT, labels={"a": "c"})),
        of(subject=replace(SUBJECT, tier="t1")),
        of(policy=replace(POLICY, version="2")),
        of(commit="b"),
    }

    assert len(made) == 5


def test_a_name_that_is_no_valid_text_has_a_fingerprint_too() -> None:
    assert of(subject=replace(SUBJECT, labels={"a": "\ud800"})) != of()


@pytest.mark.parametrize(
    ("steady_until", "now", "holds"),
    [
        (None, NOW, True),
        (None, NOW + timedelta(days=9999), True),
        (None, NOW - timedelta(seconds=1), False),
        (NOW + timedelta(days=1), NOW + timedelta(hours=23), True),
        (NOW + timedelta(days=1), NOW + timedelta(days=1), False),
    ],
)
def test_a_judging_holds_from_when_it_was_made_until_time_may_change_it(
    steady_until: datetime | None, now: datetime, holds: bool
) -> None:
    last = LastJudging(inputs="x", judged_at=NOW, steady_until=steady_until)

    assert still_holds(last, "x", Looked(ENTITY, SUBJECT, (), ()), now) is holds


def test_other_inputs_or_another_set_of_results_hold_nothing() -> None:
    looked, last = Looked(ENTITY, SUBJECT, (), ()), LastJudging(inputs="x", judged_at=NOW)

    assert not still_holds(last, "y", looked, NOW)
    assert not still_holds(LastJudging(), "", looked, NOW)
    assert not still_holds(replace(last, results={"a": Earlier("", None, None, "", None, "")}), "x", looked, NOW)
