"""`roadworthy check --server`: at the same commit its verdicts are the portal's; a change shows before a push."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from serving import served

from app.catalog.model import EntityRef
from app.identity import tokens
from app.pipeline.waive import end_waiver, waive
from app.services import access_of
from app.settings import load
from app.web import create_app

ROOT = Path(__file__).parent.parent.parent
SETTINGS = "auth: {mode: on}\nevidence_repositories: [{url: ./repositories/alerts, provides: [alerts, alertmanager]}]\n"
SYSTEM = """---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: paying}
spec: {owner: team}
"""


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("server"), SETTINGS).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM + SYSTEM})
    made.repository("alerts", {"pay.yaml": alert("Central", "https://runbooks.example/x", service="pay")})
    pay = component("pay").replace("annotations: {pagerduty.com/service-id: P1}", "annotations: {}")
    made.repository(
        "pay",
        {
            "catalog-info.yaml": pay.replace("owner: team", "owner: team, system: paying"),
            "alerts.yaml": alert("Burning", "TODO"),
            "docs/runbook.md": RUNBOOK,
        },
    )
    unnamed = component("reports") + "---\n" + component("Reports Worker!")
    made.repository("reports", {"catalog-info.yaml": unnamed, "broken.yaml": "groups:\n  - alert: A\n   expr: b\n"})
    made.crawl()
    yield made
    made.close()


@pytest.fixture(scope="module")
def token(organisation):
    made = tokens.new()
    row = tokens.StoredToken(
        id=made.id, name="ci", digest=made.digest, scopes=("read", "facts:write"), created_at=organisation.now
    )
    organisation.pipeline.store.tokens.add(row)
    return made.text


@pytest.fixture(scope="module")
def url(organisation, token):
    access = access_of(load(organisation.folder / "roadworthy.yaml", {}), organisation.pipeline)
    with served(create_app(organisation.pipeline, access=access)) as found:
        report = {"entity": "group:default/team", "group": "oncall", "source": "ci",
                  "data": {"provider": "pigeons", "escalation_levels": 3, "schedule_users": 5}}  # fmt: skip
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.post(f"{found}/api/v1/facts", json=report, headers=headers).status_code == 202
        organisation.judge()
        yield found


def check(folder, *arguments, token="", code=0):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), "ROADWORTHY_TOKEN": token}
    command = [sys.executable, "-m", "app.cli", "check", str(folder), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


SAME = ("level", "level_possible", "raw_level", "score", "coverage", "target_level", "policy_version", "commit",
        "valid_until")  # fmt: skip


def verdicts(card):
    return {one["id"]: (one["outcome"], one["reason"], one["offenders"]) for one in card["checks"]}


def test_at_the_same_commit_the_verdicts_are_the_portals(organisation, url, token):
    here = json.loads(check(organisation.path("pay"), "--server", url, "--format", "json", token=token))
    (entity,) = [one for one in here["entities"] if one["entity"] == "component:default/pay"]
    stored = organisation.result("pay")
    mine = entity["scorecards"][0]
    assert verdicts(mine) == verdicts(stored)
    assert {name: mine[name] for name in SAME} == {name: stored[name] for name in SAME}
    alone = json.loads(check(organisation.path("pay"), "--format", "json"))
    assert verdicts(alone["entities"][0]["scorecards"][0]) != verdicts(stored)  # the server makes the difference


def test_a_second_component_that_has_no_name_changes_nothing_on_either_side(organisation, url, token):
    """What can't be named is no entity: it must not make its neighbour's folder, or a broken file there, ambiguous."""
    here = json.loads(check(organisation.path("reports"), "--server", url, "--format", "json", token=token))
    (entity,) = here["entities"]
    stored = organisation.result("reports")
    assert "broken.yaml" in verdicts(stored)["alert-rules-present"][1]
    assert verdicts(entity["scorecards"][0]) == verdicts(stored)


def test_a_waiver_of_the_portal_counts_in_the_check_too(organisation, url, token):
    until = organisation.now + timedelta(days=3)
    granted = waive(organisation.pipeline, EntityRef.parse("component:default/pay"), "alert-runbook-linked", "Soon.",
                    until, "user:default/ada")  # fmt: skip
    organisation.judge()
    try:
        stored = organisation.result("pay")
        here = json.loads(check(organisation.path("pay"), "--server", url, "--format", "json", token=token))
        mine = next(one for one in here["entities"] if one["entity"] == "component:default/pay")["scorecards"][0]
        assert verdicts(mine) == verdicts(stored)
        assert verdicts(mine)["alert-runbook-linked"][0] == "waived"
        assert {name: mine[name] for name in SAME} == {name: stored[name] for name in SAME}
    finally:
        end_waiver(organisation.pipeline, granted.id, "Done.", "user:default/ada")
        organisation.judge()


def test_a_change_shows_before_it_is_pushed_and_changes_nothing_there(organisation, url, token):
    before = organisation.result("pay")
    file = organisation.path("pay") / "alerts.yaml"
    kept = file.read_text("utf-8")
    file.write_text(alert("Burning", "https://runbooks.example/burning"), "utf-8")
    try:
        here = json.loads(check(organisation.path("pay"), "--server", url, "--format", "json", token=token))
    finally:
        file.write_text(kept, "utf-8")
    found = verdicts(here["entities"][0]["scorecards"][0])
    assert found["alert-runbook-linked"][0] == "pass"
    assert verdicts(before)["alert-runbook-linked"][0] == "fail"
    assert organisation.result("pay") == before


def test_a_repository_that_is_not_crawled_yet_gets_the_catalogs_context(organisation, url, token, tmp_path):
    (tmp_path / "catalog-info.yaml").write_text(component("fresh"), "utf-8")
    here = json.loads(check(tmp_path, "--server", url, "--format", "json", token=token))
    found = verdicts(here["entities"][0]["scorecards"][0])
    assert found["owner-is-team"][0] == "pass"
    assert found["escalation-levels"][0] == "pass"


@pytest.mark.parametrize(("token_text", "code"), [("", 2), ("rw_wrong", 2)])
def test_without_a_good_token_it_says_so(organisation, url, token_text, code):
    assert "refuses the token" in check(organisation.path("pay"), "--server", url, token=token_text, code=code)


def test_a_server_that_is_not_there_is_an_exit_of_its_own(organisation):
    assert "can't be reached" in check(organisation.path("pay"), "--server", "http://127.0.0.1:9", code=3)


def test_a_token_goes_over_https_only(organisation):
    assert "over https only" in check(organisation.path("pay"), "--server", "http://x.example", token="rw_x", code=2)


BAD = [
    {},
    {"found": [["alert_rule", {}, "a", "", None, False]]},
    {"found": [7]},
    {"found": [["no_such_kind", {}, "a", "", None, False]]},
    {"entities": [{"ref": "x"}]},
    {"entities": [{"ref": "component:default/x", "document": 7}]},
    {"problems": [[1, 2, 3, 4]]},
    {"unreadable": [["alerting"]]},
    {"paths": [7]},
    {"repository": ""},
]


@pytest.mark.parametrize("wrong", BAD)
def test_an_inventory_of_another_shape_is_refused(url, token, wrong):
    good = {"repository": "https://git.example/x", "commit": "", "branch": "", "found": [], "entities": [],
            "problems": [], "unreadable": [], "paths": []}  # fmt: skip
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(f"{url}/api/v1/simulate", json=good, headers=headers).status_code == 200
    body = {**good, **wrong} if wrong else {}
    answer = requests.post(f"{url}/api/v1/simulate", json=body, headers=headers)
    assert answer.status_code == 422, answer.text
