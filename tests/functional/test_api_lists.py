"""Lists of `/api/v1`: filters, sorting, sparse fields, bulk, CSV, freshness, and polling that costs a 304."""

import csv
import io
import json
from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.web import create_app

CATALOG = (
    TEAM
    + """---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: company}
spec: {type: company, children: [team]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: other}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: commerce}
spec: {owner: company}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: checkout}
spec: {owner: company, subdomainOf: commerce}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: paying}
spec: {owner: team, domain: checkout}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: telling}
spec: {owner: team, domain: news}
"""
)


def service(name, *, system="", owner="team", **spec):
    more = f", system: {system}" if system else ""
    text = component(name, owner=owner).replace("owner: " + owner, f"owner: {owner}{more}")
    for key, value in spec.items():
        text = text.replace({"type": "type: service", "lifecycle": "lifecycle: production"}[key], f"{key}: {value}")
    return text


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("lists")).open()
    made.repository("catalog", {"catalog-info.yaml": CATALOG})
    made.repository(
        "pay",
        {
            "catalog-info.yaml": service("pay", system="paying"),
            "alerts.yaml": alert("Burning", "TODO"),
            "docs/runbook.md": RUNBOOK,
        },
    )
    made.repository("tell", {"catalog-info.yaml": service("tell", system="telling", lifecycle="experimental")})
    made.repository("solo", {"catalog-info.yaml": service("solo", owner="other", type="website")})
    made.repository(
        "sheet", {"catalog-info.yaml": service("sheet").replace("name: sheet", "name: sheet\n  title: =1+1")}
    )
    made.crawl()
    made.push("pay", {"alerts.yaml": alert("Burning", "https://runbooks.example/burning")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(organisation):
    return create_app(organisation.pipeline).test_client()


def names(client, query):
    answer = client.get(f"/api/v1/entities?kind=component&{query}")
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert body["total"] == len(body["items"])
    return [item["name"] for item in body["items"]]


FILTERS = {
    "": ["pay", "sheet", "solo", "tell"],
    "owner=team": ["pay", "sheet", "tell"],
    "owner=group:default/company": ["pay", "sheet", "tell"],
    "owner=other": ["solo"],
    "system=paying": ["pay"],
    "system=system:default/telling": ["tell"],
    "domain=checkout": ["pay"],
    "domain=commerce": ["pay"],
    "domain=news": ["tell"],
    "domain=nowhere": [],
    "domain=commerce&system=telling": [],
    "type=website": ["solo"],
    "type=service,website": ["pay", "sheet", "solo", "tell"],
    "lifecycle=experimental": ["tell"],
    "lifecycle=Production&type=Service": ["pay", "sheet"],
    "namespace=default": ["pay", "sheet", "solo", "tell"],
    "namespace=elsewhere": [],
    "q=SOL": ["solo"],
    "q=%25": [],
    "check=alert-runbook-linked&outcome=pass": ["pay"],
    "check=alert-runbook-linked&outcome=fail": ["sheet", "solo", "tell"],
    "check=alert-runbook-linked&outcome=pass,fail": ["pay", "sheet", "solo", "tell"],
    "check=alert-runbook-linked&outcome=error": [],
    "check=alert-runbook-linked&outcome=fail&owner=other": ["solo"],
    "meets_target=true": ["pay"],
    "meets_target=false": ["sheet", "solo", "tell"],
    "level=gold": [],
}


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_picks(client, query):
    assert names(client, query) == FILTERS[query]


@pytest.mark.parametrize("sort", ["ref", "name", "tier", "level", "score"])
def test_a_list_is_sorted_both_ways_and_paged_without_losing_any(client, sort):
    def walk(order):
        found, cursor = [], ""
        while cursor is not None:
            query = f"/api/v1/entities?kind=component&limit=1&sort={order}{cursor}"
            body = client.get(query).get_json()
            found += [item["ref"] for item in body["items"]]
            cursor = body["next_cursor"] and f"&cursor={body['next_cursor']}"
        return found

    forward = walk(sort)
    assert len(forward) == 4
    assert walk(f"-{sort}") == forward[::-1]


@pytest.mark.parametrize(
    "query",
    ["check=owner-is-team", "outcome=fail", "outcome=bad&check=x", "fields=ref,colour", "fields=", "kind=", "limit=0",
     "limit=1001", "sort=-age", "owner=group:", "domain=/x", "system=:x", "meets_target=perhaps", "format=xml",
     "cursor=x", "fields=ref&colour=red", "check=nope&outcome=fail", "level=platinum", "scorecard=nope",
     "check=api-documented&outcome=fail&scorecard=sre-maturity"],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_told_so(client, query):
    answer = client.get(f"/api/v1/entities?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_only_the_fields_asked_for_come(client):
    body = client.get("/api/v1/entities?kind=component&fields=ref,scorecards").get_json()
    assert {tuple(item) for item in body["items"]} == {("ref", "scorecards")}


def test_many_entities_come_in_the_order_asked(client):
    refs = ["component:default/tell", "component:default/none", "PAY", "component:default/tell"]
    body = client.post("/api/v1/entities/by-refs", json={"refs": refs, "fields": ["ref"]}).get_json()
    assert [item and item["ref"] for item in body["items"]] == [
        "component:default/tell", None, "component:default/pay", "component:default/tell"
    ]  # fmt: skip
    assert body["as_of"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"refs": ["x"] * 1001}, 422), ({"refs": ["component:"]}, 422), ({}, 422), ({"refs": ["x"], "x": 1}, 422),
     ({"refs": [7]}, 422), ([], 422)],
)  # fmt: skip
def test_a_bulk_that_makes_no_sense_is_told_so(client, body, status):
    assert client.post("/api/v1/entities/by-refs", json=body).status_code == status


def test_a_body_that_is_no_json_is_malformed(client):
    answer = client.post("/api/v1/entities/by-refs", data="{", content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_thousand_come_in_one_call(client):
    refs = [f"component:default/c{number}" for number in range(999)] + ["pay"]
    body = client.post("/api/v1/entities/by-refs", json={"refs": refs}).get_json()
    assert len(body["items"]) == 1000
    assert body["items"][-1]["name"] == "pay"


@pytest.mark.parametrize("options", [{"query_string": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
def test_a_table_is_csv_that_no_spreadsheet_runs(client, options):
    answer = client.get("/api/v1/entities", **options)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="entities.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    sheet = next(row for row in rows if row["ref"] == "component:default/sheet")
    assert sheet["title"] == "'=1+1"
    assert sheet["level"] == "none"
    assert len(rows) == client.get("/api/v1/entities").get_json()["total"]


def test_csv_holds_to_filters_and_a_limit(client):
    rows = client.get("/api/v1/entities?kind=component&format=csv&limit=2&sort=-ref").text.splitlines()
    assert [row.split(",")[0] for row in rows] == ["ref", "component:default/tell", "component:default/solo"]
    assert client.get("/api/v1/entities?format=csv&cursor=x").status_code == 422


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html", "application/json, text/csv;q=0.5", ""])
def test_everything_else_is_json(client, accept):
    answer = client.get("/api/v1/entities", headers={"Accept": accept})
    assert answer.mimetype == "application/json"
    assert "Accept" in answer.headers["Vary"]


def test_a_scorecards_results_are_its_entities_lowest_first(client):
    body = client.get("/api/v1/scorecards/sre-maturity/results?owner=company").get_json()
    assert {item["name"] for item in body["items"]} == {"pay", "sheet", "tell"}
    assert "text/csv" in client.get("/api/v1/scorecards/sre-maturity/results?format=csv").content_type
    assert client.get("/api/v1/scorecards/none/results").status_code == 404


FRESH = ("/entities", "/entities/by-name/component/default/pay", "/entities/by-name/component/default/pay/facts",
         "/entities/by-name/component/default/pay/history", "/entities/by-name/component/default/pay/next-steps",
         "/scorecards/sre-maturity/results", "/groups/by-name/default/team/summary")  # fmt: skip


@pytest.mark.parametrize("path", FRESH)
def test_every_answer_tells_how_fresh_it_is(client, organisation, path):
    body = client.get(f"/api/v1{path}").get_json()
    assert body["oldest_fact"] <= body["as_of"] <= organisation.now.isoformat().replace("+00:00", "Z")
    assert body["policy_version"] == organisation.pipeline.policy.version
    if "by-name/component" in path:
        assert len(body["commit"]) == 40


@pytest.mark.parametrize("path", [*FRESH, "/scorecards", "/scorecards/sre-maturity", "/changes", "/sources"])
def test_every_answer_can_be_polled_for_a_304(client, path):
    first = client.get(f"/api/v1{path}")
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(f"/api/v1{path}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(f"/api/v1{path}", headers={"If-None-Match": '"other"'}).status_code == 200


def test_changes_are_told_once_and_then_cost_a_304(client, organisation):
    body = client.get("/api/v1/changes").get_json()
    assert {item["entity"] for item in body["items"]} == {"component:default/pay"}
    assert body["cursor"] == body["newest"] == body["items"][-1]["cursor"]
    quiet = client.get(f"/api/v1/changes?after={body['cursor']}")
    assert quiet.get_json()["items"] == []
    poll = {"If-None-Match": quiet.headers["ETag"]}
    assert client.get(f"/api/v1/changes?after={body['cursor']}", headers=poll).status_code == 304
    organisation.push("pay", {"alerts.yaml": alert("Burning", "TODO")})
    organisation.crawl(timedelta(hours=1))
    news = client.get(f"/api/v1/changes?after={body['cursor']}", headers=poll)
    assert news.status_code == 200
    assert news.get_json()["items"]


def test_a_cursor_ahead_of_a_database_that_was_set_back_comes_back_to_what_is(client):
    newest = client.get("/api/v1/changes").get_json()["newest"]
    ahead = client.get(f"/api/v1/changes?after={newest + 1000}").get_json()
    assert (ahead["items"], ahead["cursor"]) == ([], newest)


def test_a_filter_names_the_scorecard_that_asks_the_check(client):
    answer = client.get("/api/v1/entities?check=db-backup-retention&outcome=fail").get_json()
    assert "scorecard=database-reliability does" in answer["detail"]


def test_changes_can_be_of_one_entity_or_of_a_team(client):
    everything = client.get("/api/v1/changes").get_json()
    for query in ("entity=pay", "owner=company", "owner=team"):
        assert client.get(f"/api/v1/changes?{query}").get_json()["items"] == everything["items"]
    for query in ("entity=solo", "owner=other"):
        quiet = client.get(f"/api/v1/changes?{query}").get_json()
        assert (quiet["items"], quiet["cursor"]) == ([], everything["newest"])
    one = client.get("/api/v1/changes?limit=1").get_json()
    assert one["cursor"] == one["items"][0]["cursor"]


def test_history_begins_where_it_is_asked_to(client, organisation):
    path = "/api/v1/entities/by-name/component/default/pay/history"
    rows = client.get(path).get_json()["items"]
    assert len(rows) >= 2
    assert client.get(f"{path}?limit=1").get_json()["items"] == rows[-1:]
    assert client.get(f"{path}?since={rows[-1]['at']}").get_json()["items"] == rows[-1:]
    assert client.get(f"{path}?scorecard=none").get_json()["items"] == []
    assert client.get(f"{path}?since=yesterday").status_code == 422


def test_a_relation_tells_whether_its_target_is_known(client):
    body = client.get("/api/v1/entities/by-name/system/default/telling").get_json()
    assert {relation["target_ref"]: relation["known"] for relation in body["relations"]} == {
        "group:default/team": True, "domain:default/news": False, "component:default/tell": True
    }  # fmt: skip
    assert json.dumps(body)


def test_relations_are_told_from_both_sides(client):
    def told(name: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for relation in client.get(f"/api/v1/entities/by-name/{name}").get_json()["relations"]:
            found.setdefault(relation["type"], set()).add(relation["target_ref"])
        return found

    assert told("component/default/pay")["ownedBy"] == {"group:default/team"}
    assert "component:default/pay" in told("group/default/team")["ownerOf"]
    assert "group:default/team" in told("group/default/company")["parentOf"]
