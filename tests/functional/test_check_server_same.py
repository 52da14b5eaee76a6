"""`check --server` in a clone says what the portal says of the same commit, however evidence reaches an entity.

A monorepo, what a system or a team gives, a central repository of alerts, runbooks and Alertmanager's routes, waivers,
reports of CI, and repositories that hold nothing.
"""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta

import pytest
import requests
from click.testing import CliRunner
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from serving import served

from app.catalog.model import EntityRef
from app.cli.check import command as check
from app.pipeline.waive import waive
from app.web import create_app

SETTINGS = (
    "evidence_repositories:\n"
    "  - {url: ./repositories/central, provides: [alerts, runbooks, alertmanager]}\n"
)  # fmt: skip
SYSTEM = """---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: paying, annotations: {pagerduty.com/service-id: P7}}
spec: {owner: team}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: ledger}
spec: {type: database, owner: team, system: paying}
"""
ROUTES = """route:
  receiver: nobody
  routes:
    - {receiver: team, matchers: ['severity="page"']}
receivers:
  - name: nobody
  - {name: team, pagerduty_configs: [{routing_key_file: /run/key}]}
"""


def bare(name, **more):
    """A component that says nothing of its on-call itself."""
    text = component(name).replace("annotations: {pagerduty.com/service-id: P1}", "annotations: {}")
    return text.replace("owner: team", "owner: team, system: paying") if more.get("system") else text


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("same"), SETTINGS).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM + SYSTEM})
    made.repository(
        "central",
        {
            "rules/mono.yaml": alert("CentralBurning", "https://runbooks.example/x", service="left")
            + alert("Lonely", "TODO", service="given").removeprefix("groups:\n"),
            "runbooks/right.md": RUNBOOK,
            "alertmanager/alertmanager.yml": ROUTES,
        },
    )
    made.repository(
        "mono",
        {
            "catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n"
            "spec: {targets: ['./**/catalog-info.yaml']}\n",
            "left/catalog-info.yaml": bare("left", system=True),
            "left/alerts.yaml": alert("LeftBurning", "TODO"),
            "right/catalog-info.yaml": bare("right"),
            "right/docs/runbook.md": RUNBOOK,
            "shared/alerts.yaml": alert("Anyones", "TODO"),
            "CODEOWNERS": "* @acme/team\n",
        },
    )
    made.repository("given", {"catalog-info.yaml": bare("given", system=True), "alerts.yaml": alert("G", "TODO")})
    made.repository(
        "told", {"catalog-info.yaml": bare("told"), "monitoring/alerts.jsonnet": "{ groups: [{ name: 'g' }] }\n"}
    )
    made.repository("plain", {"README.md": "# Nothing declares me\n", "alerts.yaml": alert("Plain", "TODO")})
    made.repository(
        "unread", {"catalog-info.yaml": bare("unread"), "chart/alerts.yaml": "groups:\n  - alert: A\n   x\n"}
    )
    subprocess.run(["git", "init", "-q", "-b", "main", str(made.path("void"))], check=True)
    made.path("hollow").mkdir()
    made.git("hollow", "init", "-q", "-b", "main")
    made.git("hollow", "commit", "-q", "--allow-empty", "-m", "Begin")
    made.crawl()
    until = made.now + timedelta(days=3)
    for name, what in (("left", "alert-runbook-linked"), ("given", "slo-defined")):
        waive(made.pipeline, EntityRef.parse(f"component:default/{name}"), what, "Soon.", until, "user:default/ada")
    yield made
    made.close()


REPORTS = [
    {"entity": "group:default/team", "group": "oncall", "data": {"provider": "pigeons", "escalation_levels": 3}},
    {"entity": "component:default/told", "group": "rendered",
     "data": {"files": [{"path": "r/alerts.yaml", "text": alert("Rendered", "https://runbooks.example/r")}],
              "replaces": ["monitoring"]}},
    {"entity": "component:default/told", "group": "drills",
     "data": {"drills": [{"proof": "load-tested-at", "at": "2026-11-20T10:00:00Z"}]}},
    {"entity": "component:default/right", "group": "oncall", "ttl": "2h",
     "data": {"provider": "pigeons", "schedule_users": 4}},
]  # fmt: skip


@pytest.fixture(scope="module")
def url(organisation):
    with served(create_app(organisation.pipeline)) as found:
        for report in REPORTS:
            answer = requests.post(f"{found}/api/v1/facts", json={"source": "ci", **report}, timeout=10)
            assert answer.status_code == 202, answer.text
        organisation.judge()
        yield found


def checked(folder, url):
    """Entity → its scorecards, as a clone's `check --server` has them. Exit 3: nothing was there to read."""
    done = CliRunner().invoke(check, [str(folder), "--server", url, "--format", "json"])
    assert done.exit_code in (0, 3), done.output
    return {one["entity"]: one["scorecards"] for one in json.loads(done.stdout)["entities"]}


CARD = ("id", "level", "level_possible", "raw_level", "score", "coverage", "target_level", "meets_target",
        "policy_version", "commit", "as_of", "valid_until")  # fmt: skip
CHECK = ("id", "level", "weight", "outcome", "raw_outcome", "enforced", "reason", "reason_code", "blocked_by",
         "offenders", "offenders_total", "remediation", "waiver")  # fmt: skip


def said(card):
    """All that a verdict is. Evidence without its links: those are made for who is served."""
    checks = [
        {
            **{name: one[name] for name in CHECK},
            "offenders": plain(one["offenders"]),
            "evidence": plain(one["evidence"]),
        }
        for one in card["checks"]
    ]
    return {**{name: card[name] for name in CARD if name != "as_of"}, "checks": checks}


def plain(places):
    return [{name: value for name, value in place.items() if name != "url"} for place in places]


@pytest.mark.parametrize(
    ("repository", "entities"),
    [
        ("mono", {"component:default/left", "component:default/right"}),
        ("given", {"component:default/given"}),
        ("told", {"component:default/told"}),
        ("plain", {"component:default/plain"}),
        ("unread", {"component:default/unread"}),
        ("void", {"component:default/void"}),
        ("hollow", {"component:default/hollow"}),
        ("catalog", {"resource:default/ledger"}),
    ],
)
def test_a_clone_is_judged_as_the_portal_judges_its_commit(organisation, url, tmp_path, repository, entities):
    clone = tmp_path / "anywhere" / "else"
    subprocess.run(["git", "clone", "-q", organisation.url(repository), str(clone)], check=True, capture_output=True)
    here = checked(clone, url)
    assert {ref for ref, cards in here.items() if cards} == entities
    for ref in entities:
        kind, _, name = ref.partition(":default/")
        there = requests.get(f"{url}/api/v1/entities/by-name/{kind}/default/{name}/results", timeout=10).json()
        assert [said(card) for card in here[ref]] == [said(card) for card in there["scorecards"]]


def outcome(organisation, ref, check):
    found = organisation.result(ref)["checks"]
    return next(one for one in found if one["id"] == check)


def test_each_way_does_reach_a_verdict(organisation, url):
    """Else the comparison above would hold of nothing."""
    assert outcome(organisation, "left", "alert-runbook-linked")["outcome"] == "waived"
    names = {one["name"] for one in outcome(organisation, "left", "alert-runbook-linked")["offenders"]}
    assert "LeftBurning" in names
    assert (
        outcome(organisation, "given", "alert-runbook-linked")["offenders_total"] == 2
    )  # its own, and the central one
    assert outcome(organisation, "given", "oncall-declared")["outcome"] == "pass"
    assert outcome(organisation, "given", "oncall-declared")["evidence"][0]["given_by"] == "system:default/paying"
    assert outcome(organisation, "right", "service-runbook-present")["outcome"] == "pass"
    assert outcome(organisation, "right", "escalation-levels")["evidence"][0]["given_by"] == "group:default/team"
    assert outcome(organisation, "told", "alert-runbook-linked")["outcome"] == "pass"
    assert outcome(organisation, "void", "alert-rules-present")["outcome"] == "unknown"
    assert outcome(organisation, "hollow", "alert-rules-present")["outcome"] == "fail"
    assert outcome(organisation, "unread", "alert-rules-present")["outcome"] == "unknown"
