"""Every read of `/api/v1`, found in the OpenAPI document: what polling costs, what a query says, what a list obeys."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from receiver import Receiver

from app.catalog.model import EntityRef
from app.identity import tokens
from app.lib.http import Http
from app.notifications import standard
from app.notifications.model import Target
from app.pipeline.deliver import Deliverer
from app.pipeline.waive import waive
from app.services import access_of
from app.settings import load
from app.store.inbound import Arrival
from app.web import create_app

REAL = {"kind": "component", "namespace": "default", "name": "able", "scorecard_id": "sre-maturity", "waiver_id": 1,
        "notification_id": 1}  # fmt: skip
EVIL = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "'quoted", 'a "b", c')


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("gets"), "auth: {mode: on, limits: {reads: 0}}\n").open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    files = {"alerts.yaml": alert("Burning", "docs/runbook.md"), "docs/runbook.md": RUNBOOK}
    made.repository("able", {"catalog-info.yaml": component("able"), **files})
    for number, title in enumerate(EVIL):
        quoted = title.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        text = component(f"evil{number}").replace("metadata:\n", f'metadata:\n  title: "{quoted}"\n')
        made.repository(f"evil{number}", {"catalog-info.yaml": text})
    made.crawl()
    with Receiver() as receiver:
        target = Target(
            "chat", f"{receiver.url}/hook", standard.write, "whsec_" + "A" * 44, window=timedelta(minutes=5)
        )
        telling = Deliverer(made.pipeline, [target], Http(allow_private=True), "https://rw.example")
        telling.tick()
        made.push("able", {"docs/runbook.md": None})
        made.crawl()
        telling.tick()
        made.now += timedelta(minutes=5)
        assert telling.tick() == 1
    until = made.now + timedelta(days=9)
    assert waive(made.pipeline, EntityRef.parse("component:default/able"), "slo-defined", "Soon.", until, "ci").id == 1
    arrival = Arrival(
        source="f", forge="github", delivery="1", event="push", repository=made.url("able"), state="accepted"
    )
    assert made.pipeline.store.inbound.record(arrival, made.now)
    made.judge()
    yield made
    made.close()


@pytest.fixture(scope="module", params=["open", "signed in"])
def client(request, organisation):
    pipeline = organisation.pipeline
    if request.param == "open":
        return create_app(pipeline).test_client()
    new = tokens.new()
    row = tokens.StoredToken(id=new.id, name=new.id, digest=new.digest, scopes=("admin",), created_at=organisation.now)
    assert pipeline.store.tokens.add(row)
    made = create_app(
        pipeline, access=access_of(load(organisation.folder / "roadworthy.yaml", {}), pipeline)
    ).test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {new.text}"
    return made


def reads(client):
    """(route, path of what is there, its query parameters)."""
    document = client.get("/openapi.json").get_json()
    for path, operations in document["paths"].items():
        if "get" in operations and not path.endswith("/fix/pull-request"):  # 404 until one was asked for
            parts = {**REAL, "name": "team"} if "groups" in path else REAL
            names = {one["name"] for one in operations["get"].get("parameters", ()) if one.get("in") == "query"}
            yield path, path.format(**parts), names


def test_every_read_costs_a_304_when_nothing_is_new(client):
    seen = 0
    for route, path, _ in reads(client):
        first = client.get(path)
        told = first.headers
        assert (first.status_code, first.mimetype) == (200, "application/json"), route
        assert told["Cache-Control"] == "private, no-cache", route
        etag = told["ETag"]
        assert re.fullmatch(r'"[\w.-]+"', etag), route
        for said in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            again = client.get(path, headers={"If-None-Match": said})
            assert (again.status_code, again.data) == (304, b""), (route, said)
            assert (again.headers["ETag"], again.headers["Cache-Control"]) == (etag, "private, no-cache"), route
        assert client.get(path, headers={"If-None-Match": '"other"'}).data == first.data, route
        head = client.head(path)
        assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", etag), route
        seen += 1
    assert seen >= 19


def test_every_read_refuses_a_query_that_it_does_not_know(client):
    refused = {}
    for route, path, _ in reads(client):
        answer = client.get(f"{path}?colour=red")
        refused[route] = (answer.status_code, answer.mimetype)
    assert {route: told for route, told in refused.items() if told != (422, "application/problem+json")} == {}


def test_every_list_that_sorts_does_so_both_ways_and_every_list_is_cut_and_goes_on(client):
    sorting = paging = 0
    for route, path, names in reads(client):
        if "sort" in names:
            orders = {}
            for sort in ("ref", "name", "tier", "level", "score"):
                up, down = (client.get(f"{path}?sort={sign}{sort}").get_json()["items"] for sign in ("", "-"))
                assert [one["ref"] for one in up] == [one["ref"] for one in down][::-1], (route, sort)
                orders[sort] = tuple(one["ref"] for one in up)
            assert len(set(orders.values())) > 1, route
            sorting += 1
        if "limit" in names:
            assert {client.get(f"{path}?limit={limit}").status_code for limit in (0, 1001, "x", -1)} == {422}, route
            whole, cut = (client.get(f"{path}?limit={limit}").get_json() for limit in (1000, 1))
            key = "items" if "items" in whole else "repositories"
            assert len(cut[key]) <= 1, route
            if "cursor" in names and len(whole[key]) > 1:
                following = client.get(f"{path}?limit=1&cursor={cut['next_cursor']}").get_json()
                assert cut[key] + following[key] == whole[key][:2], route
            paging += 1
    assert (sorting, paging) == (2, paging)
    assert paging >= 8


def test_every_list_of_entities_gives_only_the_fields_asked_for(client):
    narrowing = 0
    for _, path, names in reads(client):
        if "fields" not in names:
            continue
        whole = client.get(path).get_json()["items"][0]
        for field in whole:
            items = client.get(f"{path}?fields={field}").get_json()["items"]
            assert {tuple(item) for item in items} == {(field,)}
        table = client.get(f"{path}?fields=ref,title&format=csv")
        assert table.text.splitlines()[0] == "ref,title"
        assert client.get(f"{path}?fields=ref,scorecards&format=csv").text.startswith("ref,scorecard,level,")
        assert client.get(f"{path}?fields=colour").status_code == 422
        narrowing += 1
    assert narrowing == 2


@pytest.mark.parametrize(
    "path", ["/api/v1/entities?format=csv", "/api/v1/scorecards/sre-maturity/results?format=csv", "/entities.csv"]
)
def test_no_table_holds_what_a_spreadsheet_would_run(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    titles = {row.get("ref", row.get("entity")): row["title"] for row in rows}
    for number, title in enumerate(EVIL):
        told = titles[f"component:default/evil{number}"]
        assert told.removeprefix("'").strip() == title.removeprefix("'").strip()
        assert not told.lstrip().startswith(("=", "+", "-", "@", "\t"))
    assert not [cell for row in rows for cell in row.values() if cell.lstrip(" \t\r\n").startswith(("=", "+", "@"))]


def test_a_table_for_people_says_that_it_is_utf_8_and_one_for_scripts_has_nothing_before_its_columns(client):
    assert client.get("/entities.csv").data.startswith(b"\xef\xbb\xbfentity,")
    assert client.get("/api/v1/entities?format=csv").data.startswith(b"ref,")
    assert client.get("/api/v1/scorecards/sre-maturity/results?format=csv").data.startswith(b"ref,")


@pytest.mark.parametrize(("count", "status"), [(0, 200), (1, 200), (1000, 200), (1001, 422)])
def test_a_bulk_takes_up_to_a_thousand(client, count, status):
    refs = [f"component:default/x{number}" for number in range(count - 1)] + ["able"] * (count > 0)
    answer = client.post("/api/v1/entities/by-refs", json={"refs": refs, "fields": ["ref"]})
    assert answer.status_code == status
    if status == 200:
        items = answer.get_json()["items"]
        assert items == [None] * (count - 1) + [{"ref": "component:default/able"}] * (count > 0)
    else:
        assert "at most 1000" in answer.get_json()["detail"]
