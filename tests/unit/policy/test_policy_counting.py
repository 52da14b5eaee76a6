"""`each` rules count items three ways; what can't be seen counts both ways."""

from __future__ import annotations

from typing import Any

import pytest
from policy_samples import item, outcome

from app.facts.model import Reason, Unknown

EACH = "each: g.list\nrequire: item.good\n"
GOOD, BAD, UNSEEN = item(good=True), item(good=False), item()


@pytest.mark.parametrize(
    ("rule", "items", "expected"),
    [
        (EACH, [GOOD, GOOD], "pass"),
        (EACH, [GOOD, BAD], "fail"),
        (EACH, [GOOD, UNSEEN], "unknown"),
        (EACH, [BAD, UNSEEN], "fail"),
        (EACH, [], "fail"),
        (EACH + "at_least: 0.5", [GOOD, BAD], "pass"),
        (EACH + "at_least: 0.5", [GOOD, UNSEEN], "pass"),
        (EACH + "at_least: 0.5", [BAD, UNSEEN], "unknown"),
        (EACH + "at_least: 0.5", [BAD, BAD, UNSEEN], "fail"),
        (EACH + "at_least: 0.1", [GOOD, *[BAD] * 9], "pass"),
        (EACH + "minimum: 2", [GOOD, GOOD, BAD, UNSEEN], "pass"),
        (EACH + "minimum: 2", [GOOD, BAD, UNSEEN], "unknown"),
        (EACH + "minimum: 2", [GOOD, BAD], "fail"),
        (EACH + "minimum: 1", [], "fail"),
    ],
)
def test_items_are_counted_three_ways(rule: str, items: list[Any], expected: str) -> None:
    assert outcome(rule, {"g.list": items}).outcome == expected


def test_nothing_to_judge_is_no_free_pass() -> None:
    result = outcome(EACH, {"g.list": []})

    assert (result.outcome, result.reason, result.offenders) == ("fail", "nothing to judge: no list", ())


def test_a_where_that_chooses_nothing_fails_too() -> None:
    rule = EACH + "where: item.severity == 'page'"

    assert outcome(rule, {"g.list": [item(good=True, severity="info")]}).reason == "nothing to judge: no list"


def test_an_item_that_may_or_may_not_be_meant_is_unknown() -> None:
    rule = EACH + "where: item.severity == 'page'"

    assert outcome(rule, {"g.list": [GOOD]}).outcome == "unknown"


def test_offenders_are_places_and_at_most_fifty_are_kept() -> None:
    result = outcome(EACH, {"g.list": [item(good=False, line=line) for line in range(1, 61)]})

    assert [offender.place.line for offender in result.offenders] == list(range(1, 51))
    assert (result.offenders_total, result.reason) == (60, "60 of 60 fail")


def test_the_remediation_names_the_first_offender() -> None:
    result = outcome(EACH, {"g.list": [GOOD, item(name="Slow", good=False, line=9)]})

    assert result.remediation == "Mend Slow of x."


def test_ignored_items_do_not_count_unless_the_rule_asks_for_them() -> None:
    facts = {"g.list": [GOOD, item(good=False, ignored="vendored")]}

    assert outcome(EACH, facts).outcome == "pass"
    assert outcome(EACH + "include_ignored: true", facts).outcome == "fail"


def test_unreadable_places_make_a_pass_unknown_and_leave_a_fail() -> None:
    unreadable = {"g.unreadable": [{"path": "b.yaml", "line": 7, "reason": "a template", "ignored": ""}]}

    hidden = outcome(EACH, {"g.list": [GOOD], **unreadable})
    assert (hidden.outcome, hidden.code, hidden.reason) == (
        "unknown",
        "unreadable",
        "b.yaml:7 can't be read: a template",
    )
    assert outcome(EACH, {"g.list": [BAD], **unreadable}).outcome == "fail"
    assert outcome(EACH, {"g.list": [], **unreadable}).outcome == "unknown"


def test_an_ignored_unreadable_place_does_not_count() -> None:
    unreadable = [{"path": "b.yaml", "line": 7, "reason": "a template", "ignored": "test data"}]

    assert outcome(EACH, {"g.list": [GOOD], "g.unreadable": unreadable}).outcome == "pass"


def test_a_list_of_unreadable_places_that_is_itself_unknown_makes_a_pass_unknown() -> None:
    result = outcome(EACH, {"g.list": [GOOD]}, {"g.unreadable": Unknown(Reason.EXPIRED, "seen last week")})

    assert (result.outcome, result.code, result.reason) == ("unknown", "expired", "seen last week")


def test_the_rules_own_unknown_wins_over_what_is_required() -> None:
    rule = EACH + "unknown: item.runbook.state == 'templated'"

    assert outcome(rule, {"g.list": [item(good=True, runbook={"state": "templated"})]}).outcome == "unknown"
    assert outcome(rule, {"g.list": [item(good=False, runbook={"state": "templated"})]}).outcome == "unknown"
    assert outcome(rule, {"g.list": [item(good=True, runbook={"state": "resolved"})]}).outcome == "pass"


def test_deleting_the_field_that_made_an_item_unknown_does_not_make_it_pass() -> None:
    rule = EACH + "unknown: item.runbook.state == 'templated'"

    assert outcome(rule, {"g.list": [item(good=True, runbook={})]}).outcome == "unknown"


@pytest.mark.parametrize("part", ["where", "unknown"])
def test_a_broken_part_of_a_rule_is_an_error(part: str) -> None:
    result = outcome(EACH + f"{part}: item.count / 0 == 1", {"g.list": [item(good=True, count=1)]})

    assert (result.outcome, result.reason.split(":")[0]) == ("error", "the rule is broken")


def test_a_field_that_no_item_could_show_has_the_reason_of_its_source() -> None:
    unknown = {"g.list.good": Unknown(Reason.NOT_CONNECTED, "no Prometheus is configured")}

    result = outcome(EACH, {"g.list": [UNSEEN]}, unknown)

    assert (result.code, result.reason) == ("not_connected", "a: no Prometheus is configured")


def test_an_item_may_say_itself_why_a_field_is_unknown() -> None:
    result = outcome(EACH, {"g.list": [item(unknown={"good": "the expression is templated"})]})

    assert (result.code, result.reason) == ("unreadable", "a: the expression is templated")


def test_a_plain_fact_that_is_absent_has_the_reason_of_its_source() -> None:
    result = outcome("require: g.ok", {}, {"g.ok": Unknown(Reason.FORBIDDEN, "the forge refuses us")})

    assert (result.outcome, result.code, result.reason) == ("unknown", "forbidden", "the forge refuses us")


@pytest.mark.parametrize("wrong", ["text", 5, {"a": 1}, [1], ["a"], [None], [item(good="yes")], [item(good=None)]])
def test_items_of_a_wrong_type_are_an_error(wrong: Any) -> None:
    assert outcome(EACH, {"g.list": wrong}).outcome == "error"


@pytest.mark.parametrize("wrong", [5, "text", [1], {"a": 1}])
def test_unreadable_places_of_a_wrong_type_are_an_error(wrong: Any) -> None:
    assert outcome(EACH, {"g.list": [GOOD], "g.unreadable": wrong}).outcome == "error"
