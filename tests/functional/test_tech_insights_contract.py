"""Every request captured from the original backend, sent to ours: same status, same shape, same sense.

Names are translated on the way (their `titleCheck` is one of our checks that fails for the same entity, their
retrievers are our groups of facts); nothing else is. What differs on purpose is named in `DIFFERENT`,
and must really differ.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import pytest
from organisation import TEAM, Organisation, alert, component

from app.identity.access import Access
from app.web import create_app

GOLDEN = Path(__file__).parent.parent / "golden" / "tech_insights"
PAIRS = {pair["name"]: pair for pair in json.loads((GOLDEN / "captured.json").read_text("utf-8"))}
SHAPES = json.loads((GOLDEN / "shapes.json").read_text("utf-8"))
OURS = {
    "titleCheck": "service-runbook-present",
    "groupOwnerCheck": "owner-is-team",
    "ownerCheck": "owner-contactable",
    "discoverableCheck": "oncall-declared",
    "ownedAndDocumentedCheck": "catalog-entity-healthy",
    "entityMetadataFactRetriever": "catalog",
    "entityOwnershipFactRetriever": "oncall",
    "techdocsFactRetriever": "runbooks",
}
DIFFERENT = {
    "fact schemas, one id as scalar": "200 with that schema, where the original leaks the SQL it stumbled over",
    "facts latest, ref without kind": "400 InputError: a client's mistake is no 500",
    "facts latest, no entity": "400 InputError: a client's mistake is no 500",
    "run one entity, checks not an array": "400 InputError: a client's mistake is no 500",
    "bulk, no entities key": "400 InputError: a client's mistake is no 500",
    "run one entity, invalid JSON": "the parser's words are ours, and the body is not sent back",
    "bulk, upper-case string ref": "any spelling of a reference finds its entity; the original finds nothing",
    "bulk, body over 100 kB": "answered: ours may be ten times as long",
    "facts range": "the last facts, not every look that saw the same",
    "run one entity, no body": "all our checks that could be judged, and the scorecard's own boolean",
}
THEIR_TYPE, OUR_TYPE = "application/json; charset=utf-8", "application/json"
"""Of every body alike, so of all pairs: JSON has no charset (RFC 8259, 11), and clients read it as UTF-8."""
KIND = {
    "list checks": "checks",
    "fact schemas": "schemas",
    "facts latest": "latest",
    "facts range": "range",
    "run one entity": "results",
    "bulk": "bulk",
}


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("contract"), now=datetime(2026, 11, 23, 8, tzinfo=UTC)).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    for name in ("svc-00001", "svc-00002"):
        runbook = {"docs/runbook.md": "# Runbook\n\n" + "What to do when it is down. " * 80} if name[-1] == "2" else {}
        made.repository(name, {"catalog-info.yaml": component(name), "a.yaml": alert("Down", "TODO"), **runbook})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline).test_client()


def translated(text):
    for theirs, ours in OURS.items():
        text = text.replace(theirs, ours)
    return text


def replayed(client, pair):
    body = pair.get("body", "")
    if body.startswith("<"):  # "<136014 bytes>"
        body = json.dumps({"entities": ["component:default/nope"] * 5000}).ljust(int(body[1:].split()[0]))
    url = "/api/tech-insights" + translated(pair["url"])
    return client.open(url, method=pair["method"], data=translated(body), content_type="application/json")


def whole(pair):
    """The captured answer; of one that was cut, its complete elements."""
    if "answer" in pair:
        return pair["answer"]
    text = pair.get("cut", "")
    if not text.startswith("["):
        return None
    found, at, decoder = [], 1, json.JSONDecoder()
    while True:
        try:
            element, at = decoder.raw_decode(text, at)
        except ValueError:
            return found
        found.append(element)
        at += 2


def shape_of(name, status):
    if status in (400, 404, 413, 500):
        return "error"
    return next(kind for head, kind in KIND.items() if name.startswith(head))


def is_valid(body, kind):
    jsonschema_rs.validate({**SHAPES, "$ref": f"#/$defs/{kind}"}, body)


def sense(body, kind):
    """What a client acts on: which check says what, in which order; which entity; which retriever; every error."""
    if kind == "results":
        return [(one["check"]["id"], one["result"]) for one in body]
    if kind == "bulk":
        return [(one["entity"], one.get("error"), sense(one["results"], "results")) for one in body]
    if kind == "schemas":
        return sorted(one["id"] for one in body)
    if kind == "latest":
        return {id_: one["entity"] for id_, one in body.items()}
    if kind == "range":
        return {id_: [one["entity"] for one in found] for id_, found in body.items()}
    return body


@pytest.mark.parametrize("name", PAIRS)
def test_a_captured_answer_has_the_shape_we_hold_ours_to(name):
    pair, body = PAIRS[name], whole(PAIRS[name])
    if pair["status"] == 422 or pair["type"] is None or body is None:
        assert pair["status"] in (404, 422) or "cut" in pair
        return
    is_valid(body, shape_of(name, pair["status"]))


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in DIFFERENT])
def test_a_captured_request_is_answered_alike(client, name):
    pair = PAIRS[name]
    answer = replayed(client, pair)
    assert answer.status_code == pair["status"]
    if pair["type"] is None:
        assert (answer.data, answer.headers.get("Content-Type")) == (b"", None)
        return
    assert answer.mimetype == "application/json"
    if pair["status"] == 422:
        assert answer.get_json() == pair["answer"]
        return
    kind = shape_of(name, pair["status"])
    is_valid(answer.get_json(), kind)
    if "answer" in pair and name != "fact schemas":
        assert sense(answer.get_json(), kind) == sense(json.loads(translated(json.dumps(pair["answer"]))), kind)


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_named_difference_is_one(client, name):
    pair = PAIRS[name]
    answer = replayed(client, pair)
    kind = shape_of(name, answer.status_code)
    is_valid(answer.get_json(), kind)
    if pair["status"] == 500:
        assert answer.status_code < 500
    elif answer.status_code == pair["status"] and "answer" in pair:
        theirs = json.loads(translated(json.dumps(pair["answer"])))
        assert answer.get_json() != theirs
    assert b"select *" not in answer.data.lower()


@pytest.mark.parametrize("name", [name for name in PAIRS if PAIRS[name]["type"] == THEIR_TYPE])
def test_json_is_sent_without_a_charset(client, name):
    assert replayed(client, PAIRS[name]).headers["Content-Type"] == OUR_TYPE


def test_the_original_sends_every_body_of_json_with_a_charset():
    assert {pair["type"] for pair in PAIRS.values()} == {THEIR_TYPE, None}


def test_the_differences_say_400_where_the_client_is_wrong_and_200_where_it_is_not(client):
    told = {name: replayed(client, PAIRS[name]).status_code for name in DIFFERENT}
    assert told == {name: 400 if "400" in why or "parser" in why else 200 for name, why in DIFFERENT.items()}


def test_every_check_passes_before_any_fails_and_unknown_ones_are_left_out(client, organisation):
    ran = client.post("/api/tech-insights/checks/run/default/Component/svc-00001", json={}).get_json()
    told = [one["result"] for one in ran]
    assert told == sorted(told, reverse=True)
    assert set(told) == {True, False}
    outcomes = {one["id"]: one["outcome"] for one in organisation.result("svc-00001")["checks"]}
    shown = {one["check"]["id"]: one["result"] for one in ran if ":" not in one["check"]["id"]}
    judged = {id_: outcome == "pass" for id_, outcome in outcomes.items() if outcome in ("pass", "fail")}
    assert shown == judged
    assert "unknown" in outcomes.values()


def test_what_could_not_be_seen_stands_beside_the_target(client):
    ran = client.post("/api/tech-insights/checks/run/default/Component/svc-00001", json={}).get_json()
    target = next(one for one in ran if one["check"]["id"] == "sre-maturity:meets-target")
    assert target["result"] is False
    assert "Could not be seen" in target["check"]["description"]
    assert "no paging tool is connected" in target["check"]["description"]
    assert target["facts"]["not_seen"]["value"]


def test_no_entities_means_every_entity_that_was_judged(client):
    rows = client.post("/api/tech-insights/checks/run", json={"entities": []}).get_json()
    assert [row["entity"] for row in rows] == ["component:default/svc-00001", "component:default/svc-00002"]
    one = client.post("/api/tech-insights/checks/run/default/component/svc-00002", json={}).get_json()
    assert rows[1]["results"] == one


def test_references_are_read_in_any_spelling_and_echoed_as_they_came(client):
    spellings = ["Component:default/SVC-00001", "component:svc-00001", {"kind": "Component", "name": "svc-00001"}]
    rows = client.post("/api/tech-insights/checks/run", json={"entities": spellings}).get_json()
    assert [row["entity"] for row in rows] == [*spellings[:2], "component:default/svc-00001"]
    assert rows[0]["results"] == rows[1]["results"] == rows[2]["results"] != []


def test_one_bad_reference_costs_only_its_own_row(client):
    rows = client.post(
        "/api/tech-insights/checks/run", json={"entities": ["svc-00001", "component:svc-00001"]}
    ).get_json()
    assert rows[0]["error"]["name"] == "InputError"
    assert rows[0]["results"] == []
    assert rows[1]["results"]


@pytest.mark.parametrize("path", ["/checks", "/fact-schemas", "/facts/latest?entity=component:svc-00001&ids=catalog"])
def test_a_current_copy_costs_a_304(client, path):
    first = client.get(f"/api/tech-insights{path}")
    again = client.get(f"/api/tech-insights{path}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_scorecards_history_is_a_range_of_facts(client):
    query = "entity=component:svc-00001&ids=scorecard:sre-maturity&startDatetime=2026-11-01&endDatetime=2026-12-01"
    body = client.get(f"/api/tech-insights/facts/range?{query}").get_json()
    is_valid(body, "range")
    (point,) = body["scorecard:sre-maturity"]
    assert point["facts"]["level"] == "none"


def test_a_list_for_a_body_names_no_checks_as_there(client):
    path = "/api/tech-insights/checks/run/default/component/svc-00001"
    assert client.post(path, json=[]).get_json() == client.post(path, json={}).get_json() != []
    assert client.post("/api/tech-insights/checks/run", json=[]).status_code == 400


def test_newer_originals_facts_refresh_pulls_the_repository_forward(client, organisation):
    path = "/api/tech-insights/facts/refresh/default/Component/SVC-00001"
    for body in (None, {}, {"factRetrieverIds": ["catalog"]}):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.get_json()) == (202, {"entity": "component:default/svc-00001"})
    row = organisation.pipeline.store.audit.latest(limit=1)[0]
    assert (row.action, row.target) == ("entity.refresh", "component:default/svc-00001")
    refused = client.post(path, json={"factRetrieverIds": "catalog"})
    assert (refused.status_code, refused.get_json()["error"]["name"]) == (400, "InputError")
    unknown = client.post("/api/tech-insights/facts/refresh/default/component/nobody")
    assert (unknown.status_code, unknown.get_json()["error"]["name"]) == (404, "NotFoundError")


def test_every_fact_a_check_names_can_be_asked_for(client):
    ids = {id_ for check in client.get("/api/tech-insights/checks").get_json() for id_ in check["factIds"]}
    query = "&".join(f"ids[{number}]={id_}" for number, id_ in enumerate(sorted(ids)))
    body = client.get(f"/api/tech-insights/facts/latest?entity=component:svc-00001&{query}").get_json()
    is_valid(body, "latest")
    assert {id_ for id_ in ids - set(body) if not id_.startswith("scorecard:")} == set()
    assert "scorecard:sre-maturity" in body
    assert {one["id"] for one in client.get("/api/tech-insights/fact-schemas").get_json()} >= ids


def test_a_browser_of_a_listed_origin_may_ask_and_no_other(organisation):
    """The client sends `content-type` with every request, so each one is preceded by a preflight."""
    access = Access(cors_origins=frozenset({"https://portal.example.org"}))
    client = create_app(organisation.pipeline, access=access).test_client()
    for origin, allowed in (("https://portal.example.org", True), ("https://elsewhere.example.org", False)):
        asked = {"Origin": origin, "Access-Control-Request-Headers": "authorization,content-type"}
        for method, path in (("GET", "/checks"), ("POST", "/checks/run"), ("POST", "/checks/run/default/Component/x")):
            preflight = client.options(
                f"/api/tech-insights{path}", headers={**asked, "Access-Control-Request-Method": method}
            )
            assert preflight.status_code in (200, 204)
            assert (preflight.headers.get("Access-Control-Allow-Origin") == origin) is allowed
            if allowed:
                assert method in preflight.headers["Access-Control-Allow-Methods"]
                wanted = preflight.headers["Access-Control-Allow-Headers"].lower()
                assert {"authorization", "content-type"} <= {name.strip() for name in wanted.split(",")}
