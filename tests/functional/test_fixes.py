"""A fixed check passes when it is scored again, no other gets worse, and a second run has nothing left to do."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from fix_cases import GUARDED, sloth
from fixing import Workbench, applied, descriptor
from organisation import RUNBOOK, Organisation

from app.policy.model import Outcome
from app.repos.git import Git
from app.web import create_app

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = """groups:
  - name: shop   # what wakes us
    rules:
      - alert: HighErrorRate
        expr: sum(rate(http_requests_total{job="shop",code=~"5.."}[5m])) > 1   # a guess
        for: 10m
        labels: {severity: page}
        annotations:
          summary: 'Requests fail'
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory, policy):
    git = Git()
    yield Workbench(tmp_path_factory.mktemp("fixes"), policy, NOW, git)
    git.close()


def test_alerts_are_linked_to_sections_and_nothing_else_moves(bench):
    files = {"catalog-info.yaml": descriptor(), "alerts.yaml": RULES, "docs/runbook.md": RUNBOOK}
    mended = bench.mend(files, "alert-runbook-linked")
    assert mended.was("alert-runbook-linked") is Outcome.FAIL
    assert mended.outcome("alert-runbook-linked") is Outcome.PASS
    assert mended.outcome("alert-runbook-resolves") is Outcome.PASS
    assert mended.worse == set()
    assert mended.again == ""
    link = "https://github.com/acme/shop/blob/main/docs/runbook.md#higherrorrate"
    assert mended.text("alerts.yaml") == f"{RULES}          runbook_url: {link}\n"
    assert mended.text("docs/runbook.md").startswith(RUNBOOK)


def test_the_api_tells_the_same_diff_and_it_applies(tmp_path):
    organisation = Organisation(tmp_path).open()
    files = {"catalog-info.yaml": descriptor(), "alerts.yaml": RULES, "docs/runbook.md": RUNBOOK}
    organisation.repository("shop", files)
    organisation.crawl()
    client = create_app(organisation.pipeline).test_client()
    url = "/api/v1/entities/by-name/component/default/shop/fix?check=alert-runbook-linked"
    body = client.get(url).json
    assert [step["check"] for step in body["steps"]] == ["alert-runbook-linked"]
    assert body["steps"][0]["outcome"] == "pass"
    assert {tuple(hunk["checks"]) for hunk in body["hunks"]} == {("alert-runbook-linked",)}
    plain = client.get(url, headers={"Accept": "text/x-diff"})
    assert plain.mimetype == "text/x-diff"
    assert plain.text == body["diff"] == client.get(f"{url}&format=diff").text
    applied(organisation.path("shop"), plain.text)
    page = client.get("/entities/component/default/shop").text
    assert 'data-fix="/entities/component/default/shop/fix?check=alert-runbook-linked&amp;part=1"' in page
    shown = client.get("/entities/component/default/shop/fix?check=alert-runbook-linked").text
    assert "With it the check passes." in shown
    assert "+          runbook_url: " in shown
    assert client.get(url.replace("linked", "nowhere")).status_code == 422
    assert client.get(url.replace("shop", "nobody")).status_code == 404
    organisation.close()


def test_the_command_prints_a_diff_alone_and_writes_when_told(bench):
    place = bench.repository({"catalog-info.yaml": descriptor(), "alerts.yaml": RULES})
    run = [sys.executable, "-m", "app.cli", "fix", str(place), "--check", "alert-runbook-linked"]
    printed = subprocess.run(run, capture_output=True, check=True)
    assert printed.stdout.startswith(b"diff --git a/alerts.yaml b/alerts.yaml\n")
    assert b"now passes" in printed.stderr
    told = json.loads(subprocess.run([*run, "--format", "json"], capture_output=True, check=True).stdout)
    assert told["entities"][0]["diff"].encode() == printed.stdout
    (place / "alerts.yaml").write_text(RULES + "# unsaved work\n", "utf-8")
    refused = subprocess.run([*run, "--write"], capture_output=True)
    assert (refused.returncode, refused.stdout) == (3, b"")
    assert b"alerts.yaml: it has uncommitted changes" in refused.stderr
    assert not (place / "docs").exists()
    subprocess.run([*run, "--write", "--force"], capture_output=True, check=True)
    assert "runbook_url" in (place / "alerts.yaml").read_text("utf-8")
    assert "# unsaved work\n" in (place / "alerts.yaml").read_text("utf-8")
    assert (place / "docs/runbook.md").is_file()


def test_what_only_a_whole_catalog_tells_is_mended_with_it(tmp_path):
    organisation = Organisation(tmp_path).open()
    entity = descriptor(extra="  dependsOn: [component:default/orders-db] # where orders are kept\n")
    database = "apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata: {name: orders-db}\n"
    database += "spec: {type: database, owner: group:default/team}\n"
    organisation.repository("shop", {"catalog-info.yaml": entity, "slo.yaml": sloth(GUARDED)})
    organisation.repository("databases", {"catalog-info.yaml": database})
    organisation.crawl()
    client = create_app(organisation.pipeline).test_client()
    url = "/api/v1/entities/by-name/component/default/shop/fix"
    wanted = "?check=dependencies-declared&check=oncall-declared&check=slo-error-budget-policy"
    asked = client.get(url + wanted).json
    assert [one["key"] for one in asked["questions"]] == ["pagerduty.com/service-id"]
    assert {step["check"]: (step["kind"], step["outcome"]) for step in asked["steps"]} == {
        "dependencies-declared": ("fix", "pass"),
        "slo-error-budget-policy": ("skeleton", "fail"),
    }
    answered = client.get(f"{url}{wanted}&set=pagerduty.com/service-id=PSHOP01").json
    assert answered["questions"] == []
    applied(organisation.path("shop"), answered["diff"])
    text = (organisation.path("shop") / "catalog-info.yaml").read_text("utf-8")
    assert "dependsOn: [resource:default/orders-db] # where orders are kept" in text
    assert "    pagerduty.com/service-id: PSHOP01\n" in text
    organisation.push("shop", {})
    organisation.crawl()
    organisation.judge()
    again = client.get(f"{url}{wanted}&set=pagerduty.com/service-id=PSHOP01").json
    assert (again["diff"], again["steps"]) == ("", [])
    organisation.close()
