"""The cheapest plan to a level over HTTP and on the command line, of an entity with two scorecards."""

import json
import re

import pytest
from click.testing import CliRunner
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.cli.main import cli
from app.lib.times import parse_duration
from app.web import create_app

API = """
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: shop-api}
spec:
  {type: openapi, lifecycle: production, owner: team, definition: "openapi: 3.1.0"}
"""
PATH = "/api/v1/entities/by-name/component/default/shop/next-steps"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("plans")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    descriptor = component("shop", owner="nobody, providesApis: [shop-api]") + API
    made.repository(
        "shop", {"catalog-info.yaml": descriptor, "a.yaml": alert("Burning", ""), "docs/runbook.md": RUNBOOK}
    )
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline, organisation="Acme").test_client()


def test_one_step_serves_both_scorecards_and_says_how_to_mend_it(client):
    body = client.get(PATH).get_json()
    owner = next(step for step in body["items"] if step["check"] == "owner-is-team")

    assert [need["scorecard"] for need in owner["serves"]] == ["api-reliability", "sre-maturity"]
    assert owner["fix"] == {"kind": "fix", "command": "roadworthy fix --check owner-is-team"}
    assert [(goal["scorecard"], goal["goal"]) for goal in body["goals"]] == [
        ("sre-maturity", "bronze"),
        ("api-reliability", "bronze"),
    ]
    checks = [check for step in body["items"] for check in step["checks"]]
    assert len(checks) == len(set(checks))


def test_a_plan_to_a_higher_level_holds_the_one_below_first(client):
    bronze = client.get(f"{PATH}?level=bronze").get_json()
    silver = client.get(f"{PATH}?level=silver").get_json()
    names = {step["check"] for step in bronze["items"]}

    assert {step["check"] for step in silver["items"][: len(names)]} == names
    assert [step["towards"] for step in silver["items"]] == sorted(step["towards"] for step in silver["items"])
    waiting = [step for step in silver["items"] if step["waits_for"]]
    assert waiting
    assert silver["effort"] != silver["effort_at_most"]
    done: set[str] = {one["check"] for one in silver["unseen"]}
    for step in silver["items"]:
        assert set(step["waits_for"]) <= done
        done |= set(step["checks"])


def test_a_level_that_nobody_knows_is_refused(client):
    answer = client.get(f"{PATH}?level=platinum")

    assert answer.status_code == 422
    assert "bronze, silver, gold" in answer.get_json()["detail"]


def test_the_short_list_of_a_result_is_as_it_was(client):
    cards = client.get(PATH.replace("next-steps", "results")).get_json()["scorecards"]

    for card in cards:
        assert {step["scorecard"] for step in card["next_steps"]} == {card["id"]}
        keys = {"scorecard", "check", "title", "level", "weight", "effort", "remediation", "opens"}
        assert all(set(step) == keys for step in card["next_steps"])


def test_explain_ends_with_the_plan_and_check_shows_it_with_to(organisation):
    config = organisation.folder / "roadworthy.yaml"
    told = CliRunner().invoke(cli, ["explain", "shop", "--config", str(config), "--to", "top"])
    assert told.exit_code == 0, told.output
    plan = told.output.split("the cheapest plan to the top")[1]
    assert "serves api-reliability and sre-maturity" in plan
    assert "roadworthy fix --check owner-is-team shows the fix as a diff" in plan
    places = [plan.index(f"\n{title}\n") for title in ("bronze", "silver", "gold", "needs to be seen")]
    assert places == sorted(places), plan

    wrong = CliRunner().invoke(cli, ["explain", "shop", "--config", str(config), "--to", "platinum"])
    assert wrong.exit_code == 2


def test_check_shows_the_whole_plan_when_asked(tmp_path):
    (tmp_path / "catalog-info.yaml").write_text(component("shop"))
    short = CliRunner().invoke(cli, ["check", str(tmp_path)])
    assert short.output.split("cheapest next steps")[1].count("\n  3. ") == 1
    whole = CliRunner().invoke(cli, ["check", str(tmp_path), "--to", "top", "--format", "json"])
    plan = json.loads(whole.output)["entities"][0]["plan"]
    assert plan["goals"][0]["goal"] == "gold"
    assert len(plan["items"]) > 10
    assert CliRunner().invoke(cli, ["check", str(tmp_path), "--to", "platinum"]).exit_code == 2


GROUP = "/api/v1/groups/by-name/default/team/next-steps"


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """Two services of one team: one provides an API, and both lack links to runbooks."""
    made = Organisation(tmp_path_factory.mktemp("team")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    files = {"a.yaml": alert("Burning", ""), "docs/runbook.md": RUNBOOK}
    with_api = component("one", owner="team, providesApis: [shop-api]") + API
    made.repository("one", {"catalog-info.yaml": with_api, **files})
    made.repository("two", {"catalog-info.yaml": component("two"), **files})
    made.crawl()
    yield made
    made.close()


def test_a_group_is_told_what_serves_most_of_its_entities_each_counted_once(team):
    client = create_app(team.pipeline, organisation="Acme").test_client()
    body = client.get(GROUP).get_json()
    counts = {step["check"]: (step["entities"], step["alone"]) for step in body["items"]}
    own = {
        ref: {step["check"] for step in client.get(f"/api/v1/entities/by-name/{ref}/next-steps").get_json()["items"]}
        for ref in ("component/default/one", "component/default/two", "api/default/shop-api")
    }

    assert counts["alert-runbook-linked"][0] == 2
    assert {check: sum(check in steps for steps in own.values()) for check in counts} == {
        check: entities for check, (entities, _) in counts.items()
    }
    assert [step["entities"] for step in body["items"]] == sorted((n for n, _ in counts.values()), reverse=True)
    target = client.get(f"{GROUP}?level=target&limit=1").get_json()
    assert (len(target["items"]), target["goal"]) == (1, "target")
    assert client.get(f"{GROUP}?level=gold").status_code == 422


def test_a_teams_page_shows_its_cheapest_plans_over_all_scorecards_and_leads_to_the_whole(team):
    client = create_app(team.pipeline, organisation="Acme").test_client()
    text = client.get("/groups/default/team").text
    shown = text[text.index("What to do next") : text.index("Fix once, help many")]
    refs = re.findall(r'href="/entities/([^"]+)/plan"', shown)
    efforts = []
    for ref in refs:
        plan = client.get(f"/api/v1/entities/by-name/{ref}/next-steps").get_json()
        efforts.append((bool(plan["unseen"]), parse_duration(plan["effort"])))
        for step in plan["items"][:3]:
            assert f'href="/entities/{ref}#{step["check"]}">{step["title"]}</a>' in shown

    assert sorted(refs) == ["api/default/shop-api", "component/default/one", "component/default/two"]
    assert efforts == sorted(efforts)
    assert "on all scorecards" in shown


def test_a_team_that_only_another_scorecard_asks_about_sees_that_one_first(tmp_path):
    own = Organisation(tmp_path).open()
    own.repository("catalog", {"catalog-info.yaml": TEAM})
    own.repository("contract", {"catalog-info.yaml": API.removeprefix("\n---\n")})
    own.crawl()
    text = create_app(own.pipeline, organisation="Acme").test_client().get("/groups/default/team").text
    own.close()
    assert "Where we stand" in text
    assert "Nothing of this team is scored" not in text


def test_the_plan_has_a_page_that_leads_to_the_fixes(client):
    entity = client.get("/entities/component/default/shop").text
    assert "/entities/component/default/shop/plan?level=bronze" in entity
    page = client.get("/entities/component/default/shop/plan?level=top").text

    assert "serves SRE maturity and API reliability" in page or "serves API reliability and SRE maturity" in page
    assert "/entities/component/default/shop/fix?check=owner-is-team" in page
    assert page.index("To Bronze") < page.index("To Silver") < page.index("To Gold") < page.index("Needs to be seen")
    assert client.get("/entities/component/default/shop/plan?level=platinum").status_code == 404
