"""What pages make of results and counts: charts, trends, heat maps, the way up. No HTTP, no store."""

from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from app.dashboards import charts, entity_view, heat, standing
from app.policy.needs import way_up
from app.store.groups import GroupTree
from app.store.standing_rows import Levels, Obstacle, TrendPoint

CARD = "sre-maturity"
TODAY = date(2026, 3, 1)


@pytest.fixture
def card(policy):
    return policy.scorecards[CARD]


@pytest.fixture(autouse=True)
def _links(monkeypatch):
    """Views ask for links; here any will do."""
    from flask import Flask

    from app.dashboards.notifications import blueprint

    app = Flask("test")
    app.register_blueprint(blueprint)
    with app.test_request_context("/"):
        yield


def test_a_chart_holds_shapes_alone_and_says_what_it_shows():
    svg = str(charts.stacked([charts.Series("l3", [1, 2]), charts.Series("l0", [3, 2])], "Levels & more"))
    root = ElementTree.fromstring(svg)
    assert [path.get("class") for path in root] == ["l3", "l0"]
    assert root.get("aria-label") == "Levels & more"
    for forbidden in ("<style", "<script", "style=", "<text", "http://pygal"):
        assert forbidden not in svg


def test_stacked_areas_stand_on_each_other_up_to_the_whole():
    svg = str(charts.stacked([charts.Series("a", [1, 1]), charts.Series("b", [1, 1])], ""))
    left, top, width, height = map(float, ElementTree.fromstring(svg).get("viewBox").split())
    lower, upper = (
        [float(n) for n in path.get("d").replace("M", " ").replace("L", " ").split()]
        for path in ElementTree.fromstring(svg)
    )
    middle = top + height / 2
    assert min(lower[1::2]) == pytest.approx(middle, abs=0.2)
    assert (min(upper[1::2]), max(upper[1::2])) == pytest.approx((top, middle), abs=0.2)
    assert (min(lower[::2]), max(lower[::2])) == pytest.approx((left, left + width), abs=0.2)


def point(days, on, **levels):
    return TrendPoint(TODAY - timedelta(days=days), levels, on, 10)


def test_a_day_without_a_count_is_like_the_one_before(card):
    found = standing.trend(card, [point(100, 1, none=10), point(40, 2, none=9, gold=1), point(2, 5, gold=10)], TODAY)
    assert (found["ticks"][0], found["ticks"][-1], found["top"]) == (TODAY - timedelta(days=90), TODAY, 10)
    assert found["change"] == 5 - 2
    assert found["table"][0].levels == {"none": 10}
    assert [level.id for level in found["levels"]] == ["gold", "none"]


def test_one_day_is_no_trend(card):
    assert standing.trend(card, [], TODAY) is None
    assert standing.trend(card, [point(0, 1, none=1)], TODAY) is None


def test_what_lifts_most_for_the_effort_comes_first(policy, card):
    cheap, dear = (
        Obstacle("owner-is-team", {"bronze": 2}, {"bronze": 2}),
        Obstacle("service-runbook-present", {"bronze": 9}, {}),
    )
    assert [
        row["id"] for row in standing.obstacles(policy, card, [dear, cheap, Obstacle("gone", {"bronze": 99}, {})])
    ] == [
        "owner-is-team",
        "service-runbook-present",
    ]


class Counted:
    """Sums as `store.standings` gives them: every team has one service, below its target."""

    def __init__(self, refs):
        self.refs = refs

    def levels(self, owners):
        return {CARD: {owner: Levels({"none": 1}, 0, 1) for owner in owners if owner in self.refs}}

    def areas(self, scorecard, owners):
        return {owner: {"runbooks": {"fail": 1, "pass": 3}, "slos": {"unknown": 2}} for owner in owners}


def tree(width):
    children = tuple(f"group:default/t{number}" for number in range(width))
    titles = {"group:default/all": "All", **{child: child[-3:] for child in children}}
    return GroupTree(titles, {"group:default/all": children}, dict.fromkeys(children, ("group:default/all",)))


def test_a_heat_map_folds_and_tells_how_many_it_left_out(policy, card):
    few, many = tree(3), tree(200)
    (row,) = heat.rows(Counted(few.titles), few, policy, card, few.roots()).rows
    assert (len(row.below), row.hidden) == (3, 0)
    (row,) = heat.rows(Counted(many.titles), many, policy, card, many.roots()).rows
    assert (len(row.below), row.hidden) == (0, 200)


def test_however_many_teams_there_are_a_page_shows_forty_and_each_is_on_one_page(policy, card):
    many = tree(95)
    start, seen, begin = many.children["group:default/all"], [], 0
    while True:
        part = heat.rows(Counted(many.titles), many, policy, card, start, begin=begin)
        assert len(part.rows) <= 40
        assert part.total == 95
        seen += [row.ref for row in part.rows]
        if part.following <= 0:
            break
        begin += heat.MOST_ROWS
    assert seen == list(start)


def test_a_cell_counts_services_with_something_failing(policy, card):
    one = tree(1)
    (row,) = heat.rows(Counted(one.titles), one, policy, card, one.roots()).rows
    cells = {cell["area"]: cell for cell in row.cells}
    assert (cells["Runbooks"]["failing"], cells["Runbooks"]["total"], cells["Runbooks"]["heat"]) == (1, 4, 2)
    assert (cells["Objectives"]["failing"], cells["Objectives"]["unseen"], cells["Objectives"]["heat"]) == (0, 2, 0)


def test_an_area_that_applies_to_no_team_shown_has_no_column(policy, card):
    one = tree(2)
    found = heat.rows(Counted(one.titles), one, policy, card, one.roots())
    assert "alerting" in heat.areas(policy, card)
    assert found.areas == ["Runbooks", "Objectives"]
    assert [cell["area"] for cell in found.rows[0].cells] == found.areas


def test_teams_in_a_circle_are_shown_once(policy, card):
    pair = {"group:default/a": "A", "group:default/b": "B"}
    circle = GroupTree(pair, {"group:default/a": ("group:default/b",), "group:default/b": ("group:default/a",)}, {})
    (row,) = heat.rows(Counted(pair), circle, policy, card, ("group:default/a",)).rows
    assert [below.ref for below in row.below] == ["group:default/b"]
    assert row.below[0].below == []


def test_a_check_that_another_blocks_sends_to_that_one(policy):
    def check(name, outcome):
        return {"id": name, "outcome": outcome, "title": name}

    checks = [
        check("alert-runbook-linked", "fail"),
        check("alert-runbook-resolves", "fail"),
        check("slo-defined", "pass"),
    ]
    entity_view._say_what_blocks(checks, policy)
    assert [[one["id"] for one in each["blocked"]] for each in checks] == [[], ["alert-runbook-linked"], []]


def test_the_way_up_leads_to_the_next_level_alone(card, now):
    outcomes = {entry.check: "pass" for entry in card.entries} | {"owner-is-team": "fail", "slo-sli-live": "unknown"}
    way = way_up(card, "none", outcomes, now)
    assert (way.level, way.failing, way.unseen) == ("bronze", ("owner-is-team",), ())
    assert way_up(card, "silver", outcomes | {"owner-is-team": "pass"}, now).unseen == ("slo-sli-live",)
    assert way_up(card, "gold", outcomes, now).level == ""
