"""A portal's own checks beside ours: merged while its backend answers, and said to be missing while it does not."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import jsonschema_rs
import pytest
from organisation import TEAM, Organisation, alert, component
from original_insights import Original
from serving import served
from slow_peer import trickling

from app.api.tech_insights.upstream import ANSWERS, Upstream
from app.catalog.model import EntityRef
from app.clients.tech_insights import TechInsightsClient
from app.lib.http import Http
from app.services import upstream_of
from app.settings import load
from app.web import create_app

SHAPES = json.loads((Path(__file__).parent.parent / "golden/tech_insights/shapes.json").read_text("utf-8"))
RUN = "/api/tech-insights/checks/run"
ONE = f"{RUN}/default/Component/svc-00001"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("upstream")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    for name in ("svc-00001", "ours-alone"):
        made.repository(name, {"catalog-info.yaml": component(name), "a.yaml": alert("Down", "TODO")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def original():
    return Original()


@pytest.fixture
def client(organisation, original):
    with served(original) as url:
        http = Http(allow_private=True, timeout=0.5, total=0.5)
        yield create_app(organisation.pipeline, upstream=TechInsightsClient(http, url, "secret")).test_client()


@pytest.fixture
def alone(organisation):
    return create_app(organisation.pipeline).test_client()


def ids(results):
    return [one["check"]["id"] for one in results]


def is_valid(body, kind):
    jsonschema_rs.validate({**SHAPES, "$ref": f"#/$defs/{kind}"}, body)


def test_one_entitys_results_hold_both_with_passing_ones_first(client, alone):
    both, ours = client.post(ONE, json={}).get_json(), alone.post(ONE, json={}).get_json()
    is_valid(both, "results")
    assert set(ids(both)) == {*ids(ours), "titleCheck", "groupOwnerCheck"}
    told = [one["result"] for one in both]
    assert told == sorted(told, reverse=True)


def test_only_checks_that_are_not_ours_are_asked_of_it(client, original):
    assert ids(client.post(ONE, json={"checks": ["owner-is-team"]}).get_json()) == ["owner-is-team"]
    assert original.asked == []
    assert ids(client.post(ONE, json={"checks": ["titleCheck", "owner-is-team"]}).get_json()) == [
        "owner-is-team",
        "titleCheck",
    ]
    assert original.asked == [("POST", "/checks/run/default/component/svc-00001", "Bearer secret")]


def test_a_check_that_neither_knows_is_not_registered(client):
    answer = client.post(ONE, json={"checks": ["nope"]})
    assert (answer.status_code, answer.get_json()["error"]["name"]) == (404, "NotFoundError")
    (row,) = client.post(RUN, json={"entities": ["component:svc-00001"], "checks": ["nope"]}).get_json()
    assert (row["error"]["name"], row["results"]) == ("NotFoundError", [])


def test_a_bulk_run_merges_each_row_and_adds_what_only_it_knows(client, alone):
    rows = client.post(RUN, json={"entities": []}).get_json()
    is_valid(rows, "bulk")
    found = {row["entity"]: ids(row["results"]) for row in rows}
    assert [ref.split("/")[1] for ref in found] == ["ours-alone", "svc-00001", "only-theirs"]
    assert found["component:default/only-theirs"] == ["groupOwnerCheck", "titleCheck"]
    assert set(found["component:default/svc-00001"]) > {"titleCheck", "owner-is-team"}
    assert "titleCheck" not in found["component:default/ours-alone"]


def test_checks_schemas_and_facts_of_both_are_told(client):
    checks = client.get("/api/tech-insights/checks").get_json()
    is_valid(checks, "checks")
    assert {"titleCheck", "owner-is-team", ANSWERS} <= {check["id"] for check in checks}
    schemas = client.get("/api/tech-insights/fact-schemas").get_json()
    assert {"techdocsFactRetriever", "alerting"} <= {schema["id"] for schema in schemas}
    query = "entity=component:svc-00001&ids=catalog&ids=entityMetadataFactRetriever"
    facts = client.get(f"/api/tech-insights/facts/latest?{query}").get_json()
    assert list(facts) == ["catalog", "entityMetadataFactRetriever"]


def test_a_failure_is_a_check_that_fails_and_ours_are_still_answered(client, alone, original):
    original.broken = True
    results, ours = client.post(ONE, json={}).get_json(), alone.post(ONE, json={}).get_json()
    is_valid(results, "results")
    assert ids(results) == [*ids(ours), ANSWERS]
    assert results[-1]["result"] is False
    assert "answered 500" in results[-1]["check"]["description"]
    rows = client.post(RUN, json={"entities": []}).get_json()
    assert {ids(row["results"])[-1] for row in rows} == {ANSWERS}
    assert client.get("/readyz").get_json()["tech_insights_upstream_problem"]
    assert client.get("/readyz").status_code == 200


def test_it_may_take_only_its_time_and_then_is_left_alone_for_a_while(client, original):
    original.delay = 1.5
    began = time.monotonic()
    first = client.post(ONE, json={}).get_json()
    assert time.monotonic() - began < 1.4
    second = client.post(ONE, json={}).get_json()
    assert ids(first) == ids(second)
    assert ids(first)[-1] == ANSWERS
    assert len(original.asked) == 1


OF_CHECKS = {"check": {"id": "theirs"}, "result": True}
ODD = {
    "nothing at its address": (404, b"<html>Not Found</html>"),
    "no fact checker installed": (404, b""),
    "a sign-in page": (200, b"<html>Sign in</html>"),
    "another shape": (200, b'{"items": []}'),
    "a list of other things": (200, b"[1, 2]"),
    "numbers that are none": (200, b'[{"id": "theirs", "x": NaN, "entity": "component:a/b", "results": []}]'),
    "numbers too large": (200, b'[{"id": "theirs", "x": 1e999, "entity": "component:a/b", "results": []}]'),
    "nested without end": (200, b"[" * 100_000),
    "a redirect": (302, b""),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("checks", [{}, {"checks": ["owner-is-team", "theirs"]}], ids=["all", "named"])
def test_whatever_else_it_says_ours_are_answered_and_the_failure_is_told(client, alone, original, name, checks):
    original.odd = ODD[name]
    ours = ids(alone.post(ONE, json={"checks": ["owner-is-team"]} if checks else {}).get_json())
    answer = client.post(ONE, json=checks)
    assert (answer.status_code, ids(answer.get_json())) == (200, [*ours, ANSWERS])
    rows = client.post(RUN, json={"entities": [], **checks}).get_json()
    assert {ids(row["results"])[-1] for row in rows} == {ANSWERS}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/checks", [{"id": ["a"]}]),
        ("/fact-schemas", [{"id": {}}]),
        ("/facts/latest?entity=component:svc-00001&ids=theirs", [5]),
        ("/checks/run", [{"entity": "component:default/svc-00001", "results": 5}]),
        (
            "/checks/run",
            [{"entity": 5, "results": [OF_CHECKS]}, {"entity": ["x"], "results": [{"check": {"id": [1]}}]}],
        ),
        ("/checks/run/default/component/svc-00001", [{"check": 5}, {"check": {"id": [1]}}, OF_CHECKS]),
    ],
)
def test_an_answer_of_odd_types_is_no_error_of_ours(client, original, path, body):
    original.odd = (200, json.dumps(body).encode())
    runs = path.startswith("/checks/run")
    sent = {"method": "POST", "json": {"entities": []}} if runs else {"method": "GET"}
    assert client.open(f"/api/tech-insights{path}", **sent).status_code == 200


def test_an_answer_that_trickles_in_has_no_more_time_than_any_other(organisation, alone):
    with trickling(b"HTTP/1.1 200 OK\r\nX-Padding: ") as url:
        http = Http(allow_private=True, timeout=5, total=0.3)
        client = create_app(organisation.pipeline, upstream=TechInsightsClient(http, url)).test_client()
        results = client.post(ONE, json={}).get_json()
    assert ids(results) == [*ids(alone.post(ONE, json={}).get_json()), ANSWERS]
    assert "took longer than 0.3 s" in results[-1]["check"]["description"]


@pytest.mark.parametrize("path", [ONE, RUN])
def test_while_as_many_wait_for_a_slow_one_as_may_others_are_answered_without_it(organisation, alone, original, path):
    """Nothing of it depends on time: it answers nobody before all the others were answered."""
    may_answer = threading.Event()

    def slow(environ, start_response):
        assert may_answer.wait(60)
        return original(environ, start_response)

    def answer(_):
        results = app.test_client().post(path, json={"entities": ["component:svc-00001"]}).get_json()
        return results[0]["results"] if path == RUN else results

    ours = ids(alone.post(ONE, json={}).get_json())
    with served(slow) as url, ThreadPoolExecutor(6) as pool:
        app = create_app(
            organisation.pipeline,
            upstream=TechInsightsClient(Http(allow_private=True, timeout=60, total=60), url, "secret"),
        )
        try:
            running = [pool.submit(answer, number) for number in range(6)]
            done = as_completed(running, timeout=60)
            for early in (next(done).result() for _ in range(4)):
                assert ids(early) == [*ours, ANSWERS]
                assert "it is slow" in early[-1]["check"]["description"]
        finally:
            may_answer.set()
        for late in (one.result() for one in done):
            assert set(ids(late)) == {*ours, "titleCheck", "groupOwnerCheck"}
        assert {"titleCheck", "groupOwnerCheck"} < set(ids(answer(7)))


def test_while_one_request_finds_out_whether_it_answers_again_no_other_waits(original):
    now, inside, found = [0.0], threading.Event(), threading.Event()
    client = TechInsightsClient(Http(allow_private=True), "")
    upstream = Upstream(client, clock=lambda: now[0], problem="it was down")

    def slow():
        inside.set()
        assert found.wait(30)
        return "answered"

    with ThreadPoolExecutor() as pool:
        first = pool.submit(upstream._asked, slow)
        assert inside.wait(30)
        assert upstream._asked(lambda: "asked too") is None
        found.set()
        assert first.result(30) == "answered"
    assert (upstream.problem, upstream._asked(lambda: "asked")) == ("", "asked")


def test_after_a_while_it_is_asked_again_and_the_failure_goes_away(organisation, original):
    now = [0.0]
    ref = EntityRef("component", "default", "svc-00001")
    with served(original) as url:
        upstream = Upstream(TechInsightsClient(Http(allow_private=True), url), clock=lambda: now[0])
        original.broken = True
        assert [one.id for one in upstream.run(ref, None, ())] == [ANSWERS]
        original.broken = False
        assert [one.id for one in upstream.run(ref, None, ())] == [ANSWERS]
        now[0] += 60
        assert [one.id for one in upstream.run(ref, None, ())] == ["groupOwnerCheck", "titleCheck"]
        assert upstream.problem == ""


def test_the_settings_name_it_and_hide_its_token(tmp_path):
    file = tmp_path / "roadworthy.yaml"
    file.write_text(
        "tech_insights: {upstream: {url: 'https://portal.example.org/api/tech-insights/', token: {env: T}}}\n"
    )
    made = upstream_of(load(file, {"T": "hush"}))
    assert made.url == "https://portal.example.org/api/tech-insights"
    assert "hush" not in repr(made)
