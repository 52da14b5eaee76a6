"""Reports by CI: what could not be seen is seen, evidence says who told, and it ends when it expires."""

import json
import re
from datetime import timedelta

import pytest
from organisation import TEAM, Organisation, alert, component

from app.facts.push_schemas import SCHEMAS
from app.pipeline.push import forget
from app.web import create_app

JSONNET = "{ groups: [{ name: 'g', rules: [{ alert: 'Burning', expr: $.expr }] }] }\n"
RENDERED = alert("Burning", "https://runbooks.example/burning")
SYSTEM = """---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: paying}
spec: {owner: team}
"""


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM + SYSTEM})
    pay = component("pay").replace("annotations: {pagerduty.com/service-id: P1}", "annotations: {}")
    made.repository(
        "pay",
        {
            "catalog-info.yaml": pay.replace("owner: team", "owner: team, system: paying"),
            "monitoring/alerts.jsonnet": JSONNET,
        },
    )
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline).test_client()


@pytest.fixture
def push(client):
    def one(group, data, code=202, entity="component:default/pay", key="", **more):
        body = {"entity": entity, "group": group, "source": "ci/render", "data": data, **more}
        headers = {"Idempotency-Key": key} if key else {}
        answer = client.post("/api/v1/facts", json=body, headers=headers)
        assert answer.status_code == code, answer.text
        return answer.get_json()

    return one


def files(text=RENDERED, path="rendered/alerts.yaml", **more):
    return {"files": [{"path": path, "text": text}], **more}


def check(organisation, name):
    return next(one for one in organisation.result("pay")["checks"] if one["id"] == name)


def facts(client, group):
    return client.get("/api/v1/entities/by-name/component/default/pay/facts").get_json()["facts"][group]


def test_rendered_rules_are_seen_where_jsonnet_could_not_be_read(organisation, client, push):
    assert check(organisation, "alert-runbook-linked")["outcome"] == "unknown"
    answer = push("rendered", files(replaces=["monitoring"]), ttl="7d", commit="a" * 40)
    assert (answer["due"], answer["expires_at"]) == (1, "2026-12-01T13:00:00Z")
    assert organisation.judge() == 1
    seen = check(organisation, "alert-runbook-linked")
    assert seen["outcome"] == "pass"
    rule = facts(client, "alerting")["rules"][0]
    assert (rule["name"], rule["repository"], rule["path"], rule["commit"]) == (
        "Burning", "report:ci/render", "rendered/alerts.yaml", "a" * 40
    )  # fmt: skip
    changes = client.get("/api/v1/changes").get_json()["items"]
    assert {change["reason"] for change in changes} == {"data source"}


def test_a_failing_rendered_rule_names_its_line(organisation, push):
    push("rendered", files(alert("Burning", ""), replaces=["monitoring/alerts.jsonnet"]))
    organisation.judge()
    offender = check(organisation, "alert-runbook-linked")["offenders"][0]
    assert (offender["repository"], offender["path"], offender["line"]) == (
        "report:ci/render", "rendered/alerts.yaml", 4
    )  # fmt: skip


def test_without_replacing_the_source_the_picture_stays_incomplete(organisation, push):
    push("rendered", files())
    organisation.judge()
    assert check(organisation, "alert-runbook-linked")["outcome"] == "unknown"


def test_a_report_that_expires_is_judged_again_and_the_reason_is_told(organisation, client, push):
    push("rendered", files(replaces=["monitoring/alerts.jsonnet"]), ttl="2h")
    organisation.judge()
    assert check(organisation, "alert-runbook-linked")["outcome"] == "pass"
    assert organisation.result("pay")["valid_until"] == "2026-11-24T15:00:00Z"
    organisation.now += timedelta(hours=2)
    assert organisation.judge() == 1
    assert check(organisation, "alert-runbook-linked")["outcome"] == "unknown"


def test_on_call_of_any_tool_is_seen(organisation, client, push):
    assert check(organisation, "oncall-declared")["outcome"] == "fail"
    push(
        "oncall", {"provider": "pigeons", "escalation_levels": 2, "schedule_users": 5}, url="https://pigeons.example/1"
    )
    organisation.judge()
    assert check(organisation, "oncall-declared")["outcome"] == "pass"
    seen = facts(client, "oncall")
    assert (seen["escalation_levels"], seen["schedule_users"]) == (2, 5)
    assert seen["bindings"][0]["provider"] == "pigeons"


def test_on_call_of_a_team_is_everyones_who_inherits_it(organisation, client, push):
    answer = push("oncall", {"provider": "pigeons", "escalation_levels": 3}, entity="group:default/team")
    assert answer["due"] >= 3
    organisation.judge()
    seen = facts(client, "oncall")
    assert seen["escalation_levels"] == 3
    found = next(one for one in organisation.result("pay")["checks"] if one["id"] == "escalation-levels")
    assert found["outcome"] == "pass"
    assert found["evidence"][0]["given_by"] == "group:default/team"


def test_an_expired_on_call_report_is_unknown_because_it_expired(organisation, client, push):
    push("oncall", {"provider": "pigeons", "escalation_levels": 2}, ttl="1h")
    organisation.judge()
    organisation.now += timedelta(hours=1)
    assert organisation.judge() == 1
    assert facts(client, "oncall")["unknown"]["escalation_levels"]["reason"] == "expired"


def test_a_load_test_counts_when_it_is_reported(organisation, client, push):
    push(
        "drills", {"drills": [{"proof": "load-tested-at", "at": "2026-11-01T10:00:00Z", "url": "https://ci.example/7"}]}
    )
    organisation.judge()
    assert facts(client, "workloads")["load_tested_at"] == "2026-11-01T10:00:00Z"


def test_the_newest_report_of_a_source_counts_whatever_the_order(organisation, client, push):
    push("oncall", {"provider": "new", "escalation_levels": 4}, observed_at="2026-11-24T12:30:00Z")
    push("oncall", {"provider": "old", "escalation_levels": 1}, code=409, observed_at="2026-11-24T12:00:00Z")
    organisation.judge()
    assert facts(client, "oncall")["escalation_levels"] == 4


def test_a_report_can_be_taken_back(organisation, client, push):
    push("oncall", {"provider": "pigeons", "escalation_levels": 2})
    organisation.judge()
    assert push("oncall", None)["expires_at"] is None
    organisation.judge()
    assert facts(client, "oncall")["unknown"]["escalation_levels"]["reason"] == "not_connected"


def test_a_repeated_call_is_answered_the_same_and_does_nothing(organisation, push):
    first = push("oncall", {"provider": "pigeons"}, key="run-1")
    organisation.judge()
    organisation.now += timedelta(minutes=5)
    assert push("oncall", {"provider": "pigeons"}, key="run-1") == first
    assert organisation.judge() == 0
    assert "used for another" in push("oncall", {"provider": "other"}, key="run-1", code=422)["detail"]
    assert push("oncall", {"provider": "pigeons"}, key="run-2")["observed_at"] != first["observed_at"]


def test_what_a_reader_drops_is_never_kept(organisation, push):
    secret = "https://hooks.slack.example/services/T0/B0/very-secret"
    text = f"route: {{receiver: team}}\nreceivers:\n  - name: team\n    slack_configs: [{{api_url: '{secret}'}}]\n"
    push("rendered", {"files": [{"path": "alertmanager.yaml", "text": text}, {"path": "a.yaml", "text": RENDERED}]})
    organisation.judge()
    for file in (organisation.folder / ".roadworthy").rglob("*"):
        assert not file.is_file() or b"very-secret" not in file.read_bytes()
    stored = organisation.pipeline.store.pushes.of(next(iter(organisation.pipeline.catalog().entities)))
    assert "very-secret" not in json.dumps([dict(one.data) for one in stored])


DRILL = {"proof": "restore-tested-at", "at": "2026-11-01T10:00:00Z"}
BAD = {
    "unknown group": {"group": "colours", "data": {}},
    "unknown entity": {"group": "oncall", "data": {"provider": "x"}, "entity": "component:default/none"},
    "no data": {"group": "oncall"},
    "wrong shape": {"group": "oncall", "data": {"provider": "x", "people": ["ada"]}},
    "wrong type": {"group": "oncall", "data": {"provider": "x", "escalation_levels": True}},
    "not an object": {"group": "oncall", "data": [1]},
    "not rendered": {"group": "rendered", "data": files(JSONNET, "alerts.jsonnet")},
    "nothing known": {"group": "rendered", "data": files("a: 1\n")},
    "broken text": {"group": "rendered", "data": files("groups: [\n")},
    "a path out": {"group": "rendered", "data": files(path="/etc/passwd.yaml")},
    "a path up": {"group": "rendered", "data": files(path="charts/../../etc/passwd.yaml")},
    "what it replaces up": {"group": "rendered", "data": files(replaces=[".."])},
    "no such date": {"group": "drills", "data": {"drills": [{**DRILL, "at": "yesterday"}]}},
    "an unknown proof": {"group": "drills", "data": {"drills": [DRILL, {**DRILL, "proof": "restored"}]}},
    "a script for a link": {"group": "drills", "data": {"drills": [{**DRILL, "url": "javascript:alert(1)"}]}},
    "a script": {"group": "oncall", "data": {"provider": "x"}, "url": "javascript:alert(1)"},
    "the future": {"group": "oncall", "data": {"provider": "x"}, "observed_at": "2027-01-01T00:00:00Z"},
    "expired": {"group": "oncall", "data": {"provider": "x"}, "observed_at": "2026-01-01T00:00:00Z"},
    "no life": {"group": "oncall", "data": {"provider": "x"}, "ttl": "0s"},
    "too long a life": {"group": "oncall", "data": {"provider": "x"}, "ttl": "10y"},
    "a bad source": {"group": "oncall", "data": {"provider": "x"}, "source": "a b"},
    "more": {"group": "oncall", "data": {"provider": "x"}, "colour": "red"},
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_report_that_makes_no_sense_is_refused_with_its_place(client, name):
    body = {"entity": "component:default/pay", "source": "ci", **BAD[name]}
    answer = client.post("/api/v1/facts", json=body)
    assert answer.status_code == (404 if name == "unknown entity" else 422)
    assert answer.mimetype == "application/problem+json"
    if name in ("wrong shape", "wrong type", "not rendered", "no such date"):
        assert all(re.match(r"/data", place) for place in answer.get_json()["errors"])


def test_a_report_that_is_too_large_is_refused(client):
    body = {"entity": "pay", "group": "rendered", "source": "ci", "data": files("#" * 800_000)}
    assert client.post("/api/v1/facts", json=body).status_code == 413


def test_the_schemas_are_told(client):
    items = client.get("/api/v1/facts").get_json()["items"]
    told = {item["group"]: item["schema"] for item in items}
    proof = told["drills"]["properties"]["drills"]["items"]["properties"]["proof"]
    assert {"roadworthy.dev/restore-tested-at", "restore-tested-at", "load_tested_at"} <= set(proof.pop("enum"))
    assert told == {**SCHEMAS}


def test_a_proof_that_policy_does_not_know_is_refused_with_its_place_and_what_it_knows(client):
    body = {"entity": "component:default/pay", "source": "ci", **BAD["an unknown proof"]}
    errors = client.post("/api/v1/facts", json=body).get_json()["errors"]
    assert list(errors) == ["/data/drills/1/proof"]
    assert errors["/data/drills/1/proof"][0].startswith('"restored" is not one of "load-tested-at"')


KNOWN = ["load-tested-at", "load_tested_at", "roadworthy.dev/load-tested-at"]


@pytest.mark.parametrize("proof", KNOWN)
def test_a_proof_is_taken_in_each_spelling_that_is_looked_for(organisation, client, push, proof):
    push("drills", {"drills": [{"proof": proof, "at": "2026-11-01T10:00:00Z"}]})
    organisation.judge()
    assert facts(client, "workloads")["load_tested_at"] == "2026-11-01T10:00:00Z"


BROKEN = "replicas: 1\nimage: [\ntag: }\n"


def test_broken_yaml_of_no_known_kind_is_refused_with_its_line_and_column(client):
    both = [{"path": "other.yaml", "text": BROKEN}, {"path": "alerts.yaml", "text": RENDERED}]
    for data in (files(BROKEN, "other.yaml"), files(BROKEN, "other.json"), {"files": both}):
        body = {"entity": "component:default/pay", "source": "ci", "group": "rendered", "data": data}
        answer = client.post("/api/v1/facts", json=body)
        assert answer.status_code == 422
        ((place, why),) = answer.get_json()["errors"].items()
        assert place == f"/data/files/{data['files'][0]['path']}"
        assert why == ["line 3, column 6: did not find expected node content"]


def test_a_repeated_key_where_nothing_is_looked_for_refuses_nothing(push):
    chart = [{"path": "service.yaml", "text": "kind: Service\nkind: Service\n"}, {"path": "a.yaml", "text": RENDERED}]
    assert push("rendered", {"files": chart})["group"] == "rendered"


def test_old_reports_and_keys_are_forgotten(organisation, push):
    push("oncall", {"provider": "x"}, ttl="1h", key="k")
    assert forget(organisation.pipeline, organisation.now) == 0
    assert forget(organisation.pipeline, organisation.now + timedelta(hours=2)) == 1


DATABASE = """---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: ledger}
spec: {type: database, owner: team}
"""


def test_a_restore_counts_when_it_is_reported(organisation, client, push):
    organisation.push("pay", {"more/catalog-info.yaml": DATABASE.removeprefix("---\n")})
    organisation.crawl()
    drill = {"proof": "restore-tested-at", "at": "2026-11-20T10:00:00Z"}
    push("drills", {"drills": [drill]}, entity="resource:default/ledger")
    organisation.judge()
    seen = client.get("/api/v1/entities/by-name/resource/default/ledger/facts").get_json()
    tests = seen["facts"]["database"]["restore_tests"]
    assert [(one["tested_at"], one["repository"]) for one in tests] == [("2026-11-20T10:00:00Z", "report:ci/render")]
    assert seen["reports"][0]["by"] == "anonymous"
