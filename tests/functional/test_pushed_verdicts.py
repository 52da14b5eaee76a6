"""What CI reports turns a verdict, from the POST to `/results`: each group, until it expires, is renewed or taken back.

An expired report leaves its verdict unknown: what was told may still be so. Forgotten after 30 days, it counts as never
told.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from serving import served

from app.pipeline.push import forget
from app.web import create_app

CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: charted\nversion: 1.0.0\n",
    "chart/values.yaml": "alerts: {Burning: 'rate(errors_total[5m]) > 1'}\n",
    "chart/templates/rules.yaml": "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n"
    "metadata: {name: charted}\nspec:\n  groups:\n"
    "    - name: g\n      rules: {{- include \"charted.rules\" . | nindent 8 }}\n",
}  # fmt: skip
JSONNET = {"monitoring/alerts.jsonnet": "{ groups: [{ name: 'g', rules: [{ alert: 'Burning' }] }] }\n"}
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: loaded}
spec:
  replicas: 3
  selector: {matchLabels: {app: loaded}}
  template:
    metadata: {labels: {app: loaded}}
    spec: {containers: [{name: loaded, image: "acme/loaded:1.0.0", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: loaded}
spec: {selector: {app: loaded}, ports: [{port: 80}]}
"""
DATABASE = """apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: ledger}
spec: {type: database, owner: team}
"""
TERRAFORM = """resource "aws_db_instance" "ledger" {
  identifier = "ledger"
  engine = "postgres"
  engine_version = "17.2"
  backup_retention_period = 35
}
"""
SYSTEM = """---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: paying}
spec: {owner: team}
"""


def quiet(name, more=""):
    """A component that says nothing of its on-call itself."""
    text = component(name).replace("annotations: {pagerduty.com/service-id: P1}", "annotations: {}")
    return text.replace("owner: team", f"owner: team{more}")


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM + SYSTEM})
    made.repository("charted", {"catalog-info.yaml": quiet("charted"), "docs/runbook.md": RUNBOOK, **CHART})
    made.repository("jsonnet", {"catalog-info.yaml": quiet("jsonnet"), **JSONNET})
    made.repository("bare", {"catalog-info.yaml": quiet("bare", ", system: paying")})
    made.repository("loaded", {"catalog-info.yaml": quiet("loaded"), "deploy.yaml": DEPLOYMENT})
    made.repository("ledger", {"catalog-info.yaml": DATABASE, "main.tf": TERRAFORM})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline).test_client()


def files(text, *replaces):
    return {"files": [{"path": "rendered/all.yaml", "text": text}], "replaces": list(replaces)}


RULES = alert("Burning", "https://runbooks.example/burning")
ONCALL = {"provider": "pigeons", "escalation_levels": 2, "schedule_users": 5}
RESTORE = {"drills": [{"proof": "restore-tested-at", "at": "2026-11-20T10:00:00Z", "url": "https://ci.example/7"}]}
LOAD = {"drills": [{"proof": "load-tested-at", "at": "2026-11-20T10:00:00Z"}]}
CHARTED, JSONNETTED, BARE = "component:default/charted", "component:default/jsonnet", "component:default/bare"
TEAMS, PAYING, LEDGER = "group:default/team", "system:default/paying", "resource:default/ledger"
LINKED = "alert-runbook-linked"
CASES = {
    "rules that Helm renders": (CHARTED, "rendered", files(RULES, "chart"), LINKED, "unknown"),
    "rules that jsonnet renders": (JSONNETTED, "rendered", files(RULES, "monitoring"), LINKED, "unknown"),
    "rules that are made in CI alone": (BARE, "rendered", files(RULES), LINKED, "fail"),
    "on-call of any tool": (BARE, "oncall", ONCALL, "oncall-declared", "fail"),
    "how far a page escalates": (BARE, "oncall", ONCALL, "escalation-levels", "fail"),
    "on-call of the team, inherited": (TEAMS, "oncall", ONCALL, "oncall-declared", "fail"),
    "on-call of the system, inherited": (PAYING, "oncall", ONCALL, "escalation-levels", "fail"),
    "a restore": (LEDGER, "drills", RESTORE, "db-restore-tested", "fail"),
    "a load test": ("component:default/loaded", "drills", LOAD, "workload-autoscaled", "fail"),
}
"""What is reported of whom, the check that it turns, and its outcome without it: before, and once it is forgotten."""
JUDGED = {TEAMS: BARE, PAYING: BARE}


def shown(client, entity, check):
    """The check as `/results` has it, of a process that has served nothing yet: one that has may be a second behind."""
    kind, _, name = entity.partition(":default/")
    client = create_app(client.application.extensions["roadworthy"]).test_client()
    body = client.get(f"/api/v1/entities/by-name/{kind}/default/{name}/results").get_json()
    (found,) = {one["id"]: one for card in body["scorecards"] for one in card["checks"] if one["id"] == check}.values()
    return found


def push(client, entity, group, data, code=202, **more):
    body = {"entity": entity, "group": group, "source": "ci", "data": data, "ttl": "2h", **more}
    answer = client.post("/api/v1/facts", json=body)
    assert answer.status_code == code, answer.text
    return answer.get_json()


@pytest.mark.parametrize("name", CASES)
def test_a_report_turns_the_verdict_until_it_expires(organisation, client, name):
    told, group, data, check, without = CASES[name]
    judged = JUDGED.get(told, told)
    assert shown(client, judged, check)["outcome"] == without

    assert push(client, told, group, data)["due"] >= 1
    organisation.judge()
    seen = shown(client, judged, check)
    assert seen["outcome"] == "pass", seen["reason"]
    if group != "drills" or told == LEDGER:  # an item's evidence is its own: here the workload's
        assert "report:ci" in {place["repository"] for place in seen["evidence"]}
    change = client.get(f"/api/v1/changes?entity={judged}").get_json()["items"][-1]
    assert change["reason"] == "data source"

    organisation.now += timedelta(hours=2)
    assert organisation.judge() >= 1  # by time alone: nobody asked
    late = shown(client, judged, check)
    assert late["outcome"] == "unknown", late["reason"]
    if group != "rendered":
        assert "of ci, held until 2026-11-24 15:00 UTC" in late["reason"]
        assert late["reason_code"] == "expired"

    push(client, told, group, data)
    organisation.judge()
    assert shown(client, judged, check)["outcome"] == "pass"  # renewed

    organisation.now += timedelta(days=40)
    organisation.judge()
    assert shown(client, judged, check)["outcome"] == "unknown"
    assert forget(organisation.pipeline, organisation.now - timedelta(days=30)) == 1
    organisation.judge()
    assert shown(client, judged, check)["outcome"] == without


@pytest.mark.parametrize("name", ["on-call of any tool", "a restore", "rules that are made in CI alone"])
def test_a_report_that_is_taken_back_leaves_nothing(organisation, client, name):
    told, group, data, check, without = CASES[name]
    push(client, told, group, data)
    organisation.judge()
    push(client, told, group, None)
    organisation.judge()
    assert shown(client, told, check)["outcome"] == without


def test_a_report_says_what_is_wrong_as_a_file_would(organisation, client):
    push(
        client,
        "component:default/charted",
        "rendered",
        files(alert("Burning", ""), "chart"),
        url="https://ci.example/9",
    )
    organisation.judge()
    seen = shown(client, CHARTED, LINKED)
    assert (seen["outcome"], [one["path"] for one in seen["offenders"]]) == ("fail", ["rendered/all.yaml"])


def test_too_many_or_too_long_is_refused_and_the_most_is_not(client):
    def many(count, text=RULES):
        return {"files": [{"path": f"r/{number}.yaml", "text": text} for number in range(count)]}

    push(client, BARE, "rendered", many(100))
    wrong = push(client, BARE, "rendered", many(101), code=422)
    assert "/data/files" in wrong["errors"]
    drills = {"drills": [LOAD["drills"][0]] * 101}
    assert "/data/drills" in push(client, BARE, "drills", drills, code=422)["errors"]
    long = {"files": [{"path": "r.yaml", "text": "#" * 400_001}]}
    assert "/data/files/0/text" in push(client, BARE, "rendered", long, code=422)["errors"]


def test_a_body_sent_in_chunks_of_no_told_length_is_bounded_too(organisation):
    def chunks(count):
        yield b'{"entity": "component:default/bare", "group": "oncall", "source": "ci", "data": {"provider": "'
        for _ in range(count):
            yield b"x" * 64 * 1024
        yield b'"}}'

    with served(create_app(organisation.pipeline)) as url:
        headers = {"Content-Type": "application/json"}
        for count, status in ((1, 422), (11, 422), (12, 413), (40, 413)):  # 768 kB; one provider has 60 letters
            answer = requests.post(f"{url}/api/v1/facts", data=chunks(count), headers=headers, timeout=20)
            assert (count, answer.status_code) == (count, status)
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert requests.get(f"{url}/healthz", timeout=10).status_code == 200


def test_a_key_answers_a_repeat_the_same_and_refuses_another_request(organisation, client):
    def call(key, levels, entity=BARE):
        body = {"entity": entity, "group": "oncall", "source": "ci", "data": {**ONCALL, "escalation_levels": levels}}
        return client.post("/api/v1/facts", json=body, headers={"Idempotency-Key": key})

    first = call("run-7", 3)
    organisation.judge()
    organisation.now += timedelta(hours=3)
    again = call("run-7", 3)
    assert (again.status_code, again.get_json()) == (202, first.get_json())
    assert organisation.judge() == 0
    for other in (call("run-7", 2), call("run-7", 3, "component:default/loaded")):
        assert (other.status_code, other.mimetype) == (422, "application/problem+json")
    assert shown(client, BARE, "escalation-levels")["outcome"] == "pass"
    for key in ("", "a b", "é", "x" * 201):
        assert call(key, 3).status_code == 422
