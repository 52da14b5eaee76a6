"""Stored results as check results: what is shown, in which order, with which rank, and in words that are safe."""

import json

import pytest

from app.api.tech_insights import texts
from app.api.tech_insights.catalogue import catalogue_of
from app.api.tech_insights.runs import Runs, listed, ran
from app.lib.aside import Aside, Shelf

LEVELS = ("bronze", "silver", "gold")


@pytest.fixture(scope="module")
def catalogue(policy):
    return catalogue_of(policy, "https://sre.example.org")


def check(id_, level, outcome, **more):
    return {
        "id": id_,
        "title": id_,
        "level": level,
        "weight": 1,
        "outcome": outcome,
        "enforced": True,
        "reason": "",
        "evidence": [],
        "offenders": [],
        "offenders_total": 0,
        "remediation": "",
        "effort": "5m",
        "help_url": None,
        "waiver": None,
        **more,
    }


def result(level, checks, *, target="bronze", meets=True, possible=None):
    return json.dumps(
        {
            "id": "sre-maturity",
            "level": level,
            "level_possible": possible or level,
            "target_level": target,
            "meets_target": meets,
            "score": 0.5,
            "coverage": 1.0,
            "as_of": None,
            "commit": None,
            "checks": checks,
        }
    ).encode()


def shown(body, catalogue):
    return json.loads(listed(ran([body], catalogue)))


def maturity_rank(results):
    """As the stock maturity widgets reckon it."""
    rank = max((one["check"]["metadata"]["rank"] for one in results), default=0)
    for one in results:
        if not one["result"] and one["check"]["metadata"]["rank"] <= rank:
            rank = one["check"]["metadata"]["rank"] - 1
    return rank


BRONZE, SILVER, GOLD = "owner-is-team", "tier-declared", "alert-rules-tested"


@pytest.mark.parametrize("bronze", ["pass", "fail", "unknown"])
@pytest.mark.parametrize("silver", ["pass", "fail", "unknown", "not_applicable"])
@pytest.mark.parametrize("gold", ["pass", "fail", "unknown", "waived"])
@pytest.mark.parametrize("target", ["bronze", "gold", None])
def test_the_maturity_widgets_reckon_the_level_that_we_gave(catalogue, bronze, silver, gold, target):
    outcomes = {"bronze": bronze, "silver": silver, "gold": gold}
    reached = 0
    for place, level in enumerate(LEVELS, 1):
        if outcomes[level] in ("fail", "unknown"):
            break
        reached = place if outcomes[level] != "not_applicable" else reached
    level = ("none", *LEVELS)[reached]
    meets = None if target is None else reached > LEVELS.index(target)
    checks = [check(BRONZE, "bronze", bronze), check(SILVER, "silver", silver), check(GOLD, "gold", gold)]
    results = shown(result(level, checks, target=target, meets=meets), catalogue)
    assert maturity_rank(results) == reached


def test_ranks_are_the_levels_own_where_nothing_hidden_holds_it_back(catalogue):
    checks = [check(BRONZE, "bronze", "pass"), check(SILVER, "silver", "fail"), check(GOLD, "gold", "fail")]
    results = shown(result("bronze", checks), catalogue)
    assert {one["check"]["id"]: one["check"]["metadata"]["rank"] for one in results[1:]} == {
        BRONZE: 1,
        SILVER: 2,
        GOLD: 3,
    }


def test_what_does_not_count_yet_is_left_out_and_named(catalogue):
    early = check(SILVER, "silver", "fail", enforced=False, reason="counts from 2027-01-01")
    results = shown(result("bronze", [check(BRONZE, "bronze", "pass"), early]), catalogue)
    assert [one["check"]["id"] for one in results] == ["sre-maturity:meets-target", BRONZE]
    assert "counts from 2027-01-01" in results[0]["check"]["description"]


def test_an_entity_without_a_target_is_not_all_green_while_something_is_unseen(catalogue):
    unseen = check(SILVER, "silver", "unknown", reason="no paging tool is connected")
    results = shown(result("bronze", [check(BRONZE, "bronze", "pass"), unseen], target=None, meets=None), catalogue)
    assert [one["result"] for one in results] == [True, False]
    assert "no paging tool is connected" in results[1]["check"]["description"]


def test_a_waived_check_is_true_and_says_why(catalogue):
    waiver = {
        "reason": "moves [next](http://evil) month",
        "until": "2027-01-01T00:00:00Z",
        "approved_by": "ada",
        "check": BRONZE,
    }
    (_, one) = shown(result("bronze", [check(BRONZE, "bronze", "waived", waiver=waiver)]), catalogue)
    assert one["result"] is True
    assert "**Waived** until 2027-01-01 by ada: moves \\[next\\](`http://evil`) month" in one["check"]["description"]


def test_a_check_that_two_scorecards_ask_fails_when_either_does(catalogue):
    def both(first, second):
        bodies = [result("bronze", [check(BRONZE, "bronze", outcome)]) for outcome in (first, second)]
        found = {one.id: one.passed for one in ran(bodies, catalogue)}
        return found.get(BRONZE)

    assert both("pass", "pass") is True
    assert both("pass", "fail") is False
    assert both("unknown", "fail") is False
    assert both("pass", "unknown") is None


def test_strangers_words_become_no_link_image_or_html_in_a_description(catalogue):
    offender = {
        "name": "`![x](https://evil/x.png)` <img src=x>",
        "path": "a`b.yaml",
        "line": 3,
        "url": "javascript:alert(1)",
        "repository": None,
        "commit": None,
    }
    failing = check(
        BRONZE,
        "bronze",
        "fail",
        offenders=[offender],
        offenders_total=1,
        reason="<b>[x](y)</b>",
        remediation="Do [this](https://evil) to <i>",
    )
    one = shown(result("none", [failing], meets=False), catalogue)[-1]
    text = one["check"]["description"]
    outside_code = "".join(text.split("`")[::2])
    assert "<" not in outside_code.replace("\\<", "")
    assert "[" not in outside_code.replace("\\[", "")
    assert text.count("`") == 4  # what fails, and the address of the remediation
    assert all(link["url"].startswith("https://") for link in one["check"].get("links", []))


def test_a_failing_check_says_what_was_seen_where_and_how_to_mend_it(catalogue):
    place = {
        "repository": "https://github.com/acme/shop",
        "commit": "abc",
        "path": "alerts.yaml",
        "line": 4,
        "url": None,
    }
    failing = check(
        BRONZE,
        "bronze",
        "fail",
        offenders=[{"name": "Down", **place}],
        offenders_total=9,
        reason="9 of 9 fail",
        remediation="Add it.",
    )
    one = shown(result("none", [failing], meets=False), catalogue)[-1]
    assert "**Seen**: 9 of 9 fail: `Down (alerts.yaml:4)` and 8 more" in one["check"]["description"]
    assert "**How to fix it** (5m): Add it." in one["check"]["description"]
    assert {"title": "alerts.yaml:4", "url": "https://github.com/acme/shop/blob/abc/alerts.yaml#L4"} in one["check"][
        "links"
    ]
    assert {"title": "About this check", "url": f"https://sre.example.org/checks/{BRONZE}"} in one["check"]["links"]
    assert one["facts"]["offenders"] == {"value": ["Down (alerts.yaml:4)"], "type": "set", "description": "What fails"}


def test_code_holds_no_backtick_and_nothing_is_not_code():
    assert texts.code("a`b\nc") == "`a'b c`"
    assert texts.code("  ") == ""


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("Set `exp_alerts: []` and a <b>", "Set `exp_alerts: []` and a \\<b>"),
        (r"\[l\](https://evil.example)", r"\\\[l\\\](`https://evil.example`)"),
        ("``` [l](u) ` ", "`[l](u)`"),
        ("one ` too many [l](u)", "one \\` too many \\[l\\](u)"),
        (r"a\`[l](u)`b", r"a\\`[l](u)`b"),
        ("See www.evil.example or ada@acme.example", "See `www.evil.example` or `ada@acme.example`"),
        ("x+https://evil.example, and //evil.example/a.", "`x+https://evil.example`, and `//evil.example/a`."),
        ("@ops and ops@@acme.example", "@ops and `ops@@acme.example`"),
        ("two\nlines", "two lines"),
    ],
)
def test_nothing_of_a_sentence_becomes_a_link_and_code_stays_code(text, markdown):
    assert texts.prose(text) == markdown


@pytest.mark.parametrize("shelf", [None, Shelf(1 << 20), Shelf(0)], ids=["in memory", "aside", "no room aside"])
def test_packed_results_give_back_the_same_list_and_any_part_of_it(catalogue, shelf):
    runs = ran([result("bronze", [check(BRONZE, "bronze", "pass"), check(SILVER, "silver", "fail")])], catalogue)
    packed = Runs.of(runs, shelf)
    assert isinstance(packed.packed, Aside) == bool(shelf and shelf.most)
    assert packed.picked(None) == listed(runs)
    assert list(packed.each(None)) == runs
    assert json.loads(packed.picked([SILVER]))[0]["check"]["id"] == SILVER
    assert (packed.picked([]), Runs.of([]).picked(None)) == (b"[]", b"[]")
    assert [one.passed for one in packed.each([SILVER, BRONZE])] == [True, False]
