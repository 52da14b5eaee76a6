"""What a rule finds nothing wrong with is not told as what is amiss."""

from __future__ import annotations

from typing import Any

import pytest

from app.policy import wording
from app.policy.contented import is_content

LENGTH = 'item.summary != "" && item.summary_length <= params.max_summary && item.description != ""'


@pytest.mark.parametrize(
    ("rule", "name", "value", "content"),
    [
        (LENGTH, "item.summary_length", 62, True),
        (LENGTH, "item.summary_length", 121, False),
        (LENGTH, "item.description", "", False),
        ("item.words >= params.max_summary", "item.words", 5, False),
        ("item.a.words > 0", "item.words", 5, False),
        ("item.words > 0", "item.words", 5, True),
        ("item.words > 0 && item.words < 3", "item.words", 5, False),
        ("item.words >= params.missing", "item.words", 500, False),
        ("item.days >= params.max_summary * 86400", "item.days", 9e9, False),
        ("item.on > 0", "item.on", True, False),
        ("(item.contact || !params.asked)", "item.contact", False, True),
        ("(item.contact || !params.strict)", "item.contact", False, False),
        ("(item.contact || !params.unheard)", "item.contact", False, False),
        ("now < item.at + params.max_age", "item.at", 5, False),
        ("", "item.words", 5, False),
    ],
)
def test_a_rule_says_by_its_own_text_what_it_is_content_with(rule: str, name: str, value: Any, content: bool) -> None:
    parameters = {"params.max_summary": 120, "params.asked": False, "params.strict": True}
    assert is_content(rule, name, value, parameters) is content


def test_an_alert_without_a_description_is_not_told_how_long_its_summary_is() -> None:
    names = ("item.summary", "item.summary_length", "item.description")
    alert = {"summary": "Down", "summary_length": 62, "description": ""}
    long = alert | {"summary_length": 130}

    told = [wording.of_item(one, names, {"params.max_summary": 120}, LENGTH) for one in (alert, long)]

    assert told == ["no description", "a summary of 130 characters; no description"]


def test_what_is_not_asked_for_is_not_told() -> None:
    names = ("item.escalates", "item.read_only_root", "params.root_required")
    rule = "!item.escalates && (item.read_only_root || !params.root_required)"
    item = {"escalates": True, "read_only_root": False}

    told = [wording.of_item(item, names, {"params.root_required": asked}, rule) for asked in (False, True)]

    assert told == ["may gain privileges", "may gain privileges; may write to its root filesystem"]


def test_the_same_is_said_once_and_a_pipeline_runs_no_tests() -> None:
    stub = {"stub": "5 words", "words": 5}
    rule = 'item.stub == "" && item.words >= params.min_words'

    assert wording.of_item(stub, ("item.stub", "item.words"), {"params.min_words": 150}, rule) == "5 words"
    assert wording.of_item({"tested": False}, ("item.tested",), each="delivery.pipelines") == "runs no tests"
    assert wording.of_item({"tested": False}, ("item.tested",), each="alerting.rules") == "no unit test"
    assert wording.of_facts([("catalog.owner_members", 2)], "catalog.owner_members >= 1") == "owner members: 2"
