"""The API and pages over a crawled organisation, through HTTP's own client."""

import json
import re

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.web import create_app

XSS = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("http")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository(
        "shop",
        {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK},
    )
    evil = component("evil").replace(
        "name: evil", f"name: evil\n  title: '{XSS}'\n  links: [{{url: 'javascript:alert(1)'}}]"
    )
    made.repository("evil", {"catalog-info.yaml": evil, "a.yaml": alert("X", "javascript:alert(1)")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline, organisation="Acme").test_client()


def form_token(client, page):
    """The hidden field of a page's form, as a browser would send it back."""
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)[1]


def test_entities_are_listed_with_levels_and_paged_in_the_body(client):
    first = client.get("/api/v1/entities?kind=component&limit=1").get_json()
    assert (first["total"], len(first["items"])) == (2, 1)
    second = client.get(f"/api/v1/entities?kind=component&limit=1&cursor={first['next_cursor']}").get_json()
    assert {first["items"][0]["ref"], second["items"][0]["ref"]} == {"component:default/shop", "component:default/evil"}
    assert second["next_cursor"] is None


def test_results_have_the_documented_shape_and_a_304(client):
    answer = client.get("/api/v1/entities/by-name/Component/default/Shop/results")
    card = answer.get_json()["scorecards"][0]
    assert {
        "id",
        "level",
        "level_possible",
        "raw_level",
        "target_level",
        "score",
        "coverage",
        "as_of",
        "valid_until",
    } <= set(card)
    assert {"commit", "policy_version", "checks"} <= set(card)
    check = next(one for one in card["checks"] if one["id"] == "alert-runbook-linked")
    assert (check["outcome"], check["offenders"][0]["path"], check["offenders"][0]["line"]) == (
        "fail",
        "alerts.yaml",
        4,
    )
    again = client.get(answer.request.path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("part", ["", "/facts", "/history", "/next-steps"])
def test_every_part_of_an_entity_answers_and_names_the_policy(client, part):
    body = client.get(f"/api/v1/entities/by-name/component/default/shop{part}").get_json()
    assert body["policy_version"]


def test_a_group_summary_is_a_distribution(client):
    body = client.get("/api/v1/groups/by-name/default/team/summary").get_json()
    (card,) = body["scorecards"]
    assert sum(card["levels"].values()) == 2
    assert "average" not in json.dumps(body)


def test_a_refresh_pulls_the_repository_forward(client, organisation):
    answer = client.post("/api/v1/entities/by-name/component/default/shop/refresh")
    assert (answer.status_code, answer.get_json()["due"]) == (202, True)
    view = organisation.pipeline.store.repositories.get(organisation.url("shop"), organisation.now)
    assert view.due_at <= organisation.now


BAD = [
    ("/api/v1/entities?limit=0", 422),
    ("/api/v1/entities?limit=x", 422),
    ("/api/v1/entities?cursor=%00", 422),
    ("/api/v1/entities?colour=red", 422),
    ("/api/v1/entities?owner=group:", 422),
    ("/api/v1/entities?sort=rank", 422),
    ("/api/v1/entities/by-name/component/default/none", 404),
    ("/api/v1/entities/by-name/component/default/none/results", 404),
    ("/api/v1/scorecards/none", 404),
    ("/api/v1/changes?after=-1", 422),
    ("/api/v1/changes?after=99999999999999999999", 422),
    ("/api/v1/nothing", 404),
]


@pytest.mark.parametrize(("url", "status"), BAD)
def test_a_bad_request_is_a_problem_and_never_a_trace(client, url, status):
    answer = client.get(url)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status
    assert b"Traceback" not in answer.data


def test_a_problem_says_in_its_sentence_what_is_wrong_first(client):
    told = {
        "limit=x": "limit: Not a valid integer.",
        "colour=red": "colour: Unknown field.",
        "check=x": "check: check and outcome are asked for together",
    }
    assert {query: client.get(f"/api/v1/entities?{query}").get_json()["detail"] for query in told} == told
    broken = client.post("/api/v1/entities/by-refs", data=b"{", content_type="application/json").get_json()
    assert broken["detail"] == "Invalid JSON body."
    refs = client.post("/api/v1/entities/by-refs", json={"refs": ["a", 7]}).get_json()
    assert (refs["detail"], refs["errors"]) == (
        "refs/1: Not a valid string.",
        {"json": {"refs": {"1": ["Not a valid string."]}}},
    )


def test_a_wrong_method_says_which_are_allowed(client):
    answer = client.delete("/api/v1/entities")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "url",
    ["/", "/?q=shop", "/groups/default/team", "/entities/component/default/shop", "/entities/component/default/evil",
     "/entities", "/entities?q=shop&sort=effort", "/search?q=evil", "/scorecards",
     "/scorecards/sre-maturity", "/checks/owner-is-team", "/sources", "/docs"],
)  # fmt: skip
def test_every_page_shows_itself_without_a_strangers_script(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    assert XSS.encode() not in answer.data
    assert b'href="javascript:' not in answer.data
    assert "default-src 'none'; script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_missing_page_is_a_page(client):
    answer = client.get("/entities/component/default/none")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_page_refresh_from_another_site_is_refused(client):
    url = "/entities/component/default/shop/refresh"
    assert client.post(url, headers={"Origin": "https://evil.example"}).status_code == 403
    form = {"csrf_token": form_token(client, "/entities/component/default/shop")}
    assert client.post(url, data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post(url, headers={"Origin": "http://localhost"}).status_code == 403
    assert client.post(url, data=form, headers={"Origin": "http://localhost"}).status_code == 303


def test_the_openapi_document_names_every_route_of_the_api(client):
    document = client.get("/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    found = client.application.url_map.iter_rules()
    rules = {re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule) for rule in found}
    assert {rule for rule in rules if rule.startswith("/api/v1")} == set(document["paths"])


def test_health_readiness_and_metrics(client):
    assert client.get("/healthz").data == b"ok\n"
    assert client.get("/readyz").get_json()["ready"] is True
    assert b"roadworthy_repositories 3.0" in client.get("/metrics").data
