"""`valid_until`: the first instant at which an outcome turns by time alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from policy_samples import NOW, item, judged

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("rule", "seen_at", "turns"),
    [
        ("require: now < g.seen_at", NOW + DAY, NOW + DAY),
        ("require: now <= g.seen_at", NOW + DAY, NOW + DAY + TICK),
        ("require: now <= g.seen_at", NOW, NOW + TICK),
        ("require: now > g.seen_at", NOW + DAY, NOW + DAY + TICK),
        ("require: now - g.seen_at < duration('48h')", NOW - DAY, NOW + DAY),
        ("require: now < g.seen_at - duration('24h')", NOW + 3 * DAY, NOW + 2 * DAY),
        ("require: now < g.seen_at", NOW - DAY, None),
        ("require: g.ok", NOW + DAY, None),
    ],
)
def test_an_outcome_turns_when_its_rule_does(rule: str, seen_at: datetime, turns: datetime | None) -> None:
    assert judged(rule, {"g.seen_at": seen_at, "g.ok": True}).valid_until == turns


def test_a_parameter_shifts_the_instant() -> None:
    rule = "require: now - g.seen_at <= params.age\nparameters: {age: {type: duration, default: 30d, doc: Age}}"

    assert judged(rule, {"g.seen_at": NOW - 29 * DAY}).valid_until == NOW + DAY + TICK


def test_a_parameter_shifts_the_instant_backwards_too() -> None:
    rule = "require: now < g.seen_at - params.age\nparameters: {age: {type: duration, default: 30d, doc: Age}}"

    assert judged(rule, {"g.seen_at": NOW + 31 * DAY}).valid_until == NOW + DAY


def test_a_literal_instant_turns_the_outcome() -> None:
    rule = "require: now < timestamp('2026-07-01T00:00:00Z')"

    assert judged(rule, {}).valid_until == datetime(2026, 7, 1, tzinfo=UTC)


def test_an_instant_that_changes_nothing_is_passed_over() -> None:
    rule = "each: g.list\nrequire: now < item.seen_at\nat_least: 0.5"
    items = [item(seen_at=NOW + number * DAY) for number in (1, 2, 3)]

    assert judged(rule, {"g.list": items}).valid_until == NOW + 2 * DAY


def test_with_more_instants_than_are_tried_it_is_judged_again_at_the_last_one() -> None:
    rule = "each: g.list\nrequire: now < item.seen_at\nat_least: 0.1"
    items = [item(seen_at=NOW + number * DAY) for number in range(1, 101)]

    assert judged(rule, {"g.list": items}).valid_until == NOW + 64 * DAY


def test_the_outcome_really_is_another_at_the_instant_told() -> None:
    rule, facts = "require: now <= g.seen_at", {"g.seen_at": NOW + DAY}
    first = judged(rule, facts)
    assert first.valid_until is not None

    assert judged(rule, facts, now=first.valid_until - TICK).checks[0].outcome == "pass"
    assert judged(rule, facts, now=first.valid_until).checks[0].outcome == "fail"


def test_a_waiver_ends_the_validity() -> None:
    waiver = "waivers: [{entity: 'component:x', check: c, reason: r, until: 2026-07-01, approved_by: o}]"

    result = judged("require: g.ok", {"g.ok": False}, waivers=waiver)

    assert (result.checks[0].outcome, result.valid_until) == ("waived", datetime(2026, 7, 1, tzinfo=UTC))


def test_the_day_a_check_begins_to_count_ends_the_validity() -> None:
    card = "  - {check: c, level: bronze, weight: 1, enforced_from: 2026-09-01}\n"

    assert judged("require: g.ok", {"g.ok": False}, card=card).valid_until == datetime(2026, 9, 1, tzinfo=UTC)


def test_an_instant_without_a_zone_does_not_stop_the_judging() -> None:
    assert judged("require: now < g.seen_at", {"g.seen_at": datetime(2030, 1, 1)}).valid_until is None
