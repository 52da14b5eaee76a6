"""A fixed check passes when it is scored again, no other gets worse, and a second run has nothing left to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fix_cases import GUARDED, OPENAPI, TYK, api, sloth, workload
from fixing import Workbench, applied, descriptor
from organisation import RUNBOOK, Organisation

from app.errors import RepositoryError
from app.facts.groups import SCHEMA
from app.pipeline.fixing_here import fix_here
from app.policy.documents import load
from app.policy.model import Outcome
from app.remediation.proposal import to_json
from app.repos.git import Git
from app.repos.worktree import WorkingTree
from app.repos.writing import write_files
from app.web import create_app

ROOT = Path(__file__).parents[2]
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


def test_links_on_a_forge_that_its_host_does_not_name_are_guessed_aloud_or_written_as_told(bench):
    files = {"catalog-info.yaml": descriptor(), "alerts.yaml": RULES, "docs/runbook.md": RUNBOOK}
    url = "https://git.acme.example/acme/shop"
    guessed = bench.mend(files, "alert-runbook-linked", origin=url)
    assert f"runbook_url: {url}/blob/main/docs/runbook.md#higherrorrate" in guessed.text("alerts.yaml")
    assert any("git.acme.example" in note and "--set forge=" in note for note in notes(guessed))
    told = bench.mend(files, "alert-runbook-linked", origin=url, answers={"forge": "gitlab"})
    assert f"runbook_url: {url}/-/blob/main/docs/runbook.md#higherrorrate" in told.text("alerts.yaml")
    assert told.outcome("alert-runbook-resolves") is Outcome.PASS
    assert not any("--set forge=" in note for note in notes(told))


def notes(mended):
    return [str(note.said) for note in mended.proposal.notes]


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


def asked_here(place):
    run = [sys.executable, "-m", "app.cli", "fix", str(place), "--format", "json"]
    told = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)["entities"][0]
    return {one["key"]: one for one in told["questions"]}


def test_a_laptop_that_sees_no_system_or_owner_asks_how_someone_is_paged(bench):
    alone = descriptor().partition("---\n")[0]
    place = bench.repository({"catalog-info.yaml": alone, "alerts.yaml": RULES})
    assert (
        "nothing to do where its system or owner, unseen here, says so already" in asked_here(place)["oncall"]["text"]
    )
    paged = alone.replace("    tier: t2\n", "    tier: t2\n  annotations: {pagerduty.com/service-id: PSHOP01}\n")
    (place / "catalog-info.yaml").write_text(paged, "utf-8")
    assert "oncall" not in asked_here(place)


def test_the_owner_of_what_has_no_descriptor_is_proposed_from_codeowners(bench):
    owners = "* @ada\n/docs/ @acme/writers\n/catalog-info.yaml @acme/Checkout @ada\n"
    place = bench.repository({".github/CODEOWNERS": owners, "alerts.yaml": RULES, "Dockerfile": "FROM scratch\n"})
    asked = asked_here(place)
    assert asked["owner"]["suggestions"] == ["group:default/checkout"]
    assert asked["type"]["suggestions"][0] == "service"


def test_a_group_is_proposed_by_how_its_forge_calls_it(bench):
    text = descriptor().replace("  owner: group:default/team\n", "", 1)
    other = text.rpartition("---\n")[0] + "---\n" + GROUP
    place = bench.repository({"catalog-info.yaml": other + text[text.index("---\n") :], "CODEOWNERS": "* @acme/team\n"})
    assert asked_here(place)["owner"]["suggestions"][:2] == ["group:default/team", "group:default/another"]


GROUP = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: another}
spec: {type: team, children: []}
"""


def test_a_group_kept_here_gets_an_address_as_answered(bench):
    text = (
        descriptor().replace("slack.com/channel: team-help, ", "").replace(", profile: {email: team@acme.example}", "")
    )
    place = bench.repository({"catalog-info.yaml": text})
    assert "reached" in asked_here(place)["contact"]["text"]
    run = [sys.executable, "-m", "app.cli", "fix", str(place), "--check", "owner-contactable", "--format", "json"]
    answered = [*run, "--set", "contact=team@acme.example"]
    (told,) = json.loads(subprocess.run(answered, capture_output=True, check=True).stdout)["entities"]
    assert "profile: {email: team@acme.example}" in told["diff"] or "email: team@acme.example\n" in told["diff"]
    assert told["questions"] == []
    nonsense = [*run, "--set", "contact=ask around"]
    (told,) = json.loads(subprocess.run(nonsense, capture_output=True, check=True).stdout)["entities"]
    assert (told["diff"], [one["key"] for one in told["questions"]]) == ("", ["contact"])


def test_what_only_a_whole_catalog_tells_is_mended_with_it(tmp_path):
    organisation = Organisation(tmp_path).open()
    entity = descriptor(extra="  dependsOn: [component:default/orders-db] # where orders are kept\n")
    database = "apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata: {name: orders-db}\n"
    database += "spec: {type: database, owner: group:default/team}\n"
    entity = entity.replace("  system: store\n", "", 1)
    organisation.repository("shop", {"catalog-info.yaml": entity, "slo.yaml": sloth(GUARDED)})
    organisation.repository("databases", {"catalog-info.yaml": database})
    organisation.crawl()
    client = create_app(organisation.pipeline).test_client()
    url = "/api/v1/entities/by-name/component/default/shop/fix"
    wanted = "?check=dependencies-declared&check=oncall-declared&check=slo-error-budget-policy"
    asked = client.get(url + wanted).json
    assert [one["key"] for one in asked["questions"]] == ["oncall"]
    assert {step["check"]: (step["kind"], step["outcome"]) for step in asked["steps"]} == {
        "dependencies-declared": ("fix", "pass"),
        "slo-error-budget-policy": ("skeleton", "fail"),
    }
    answered = client.get(f"{url}{wanted}&set=oncall=pagerduty.com/service-id=PSHOP01").json
    assert answered["questions"] == []
    applied(organisation.path("shop"), answered["diff"])
    text = (organisation.path("shop") / "catalog-info.yaml").read_text("utf-8")
    assert "dependsOn: [resource:default/orders-db] # where orders are kept" in text
    assert "    pagerduty.com/service-id: PSHOP01\n" in text
    organisation.push("shop", {})
    organisation.crawl()
    organisation.judge()
    again = client.get(f"{url}{wanted}&set=oncall=pagerduty.com/service-id=PSHOP01").json
    assert (again["diff"], again["steps"]) == ("", [])
    worse = client.get(f"{url}?check=system-declared&set=system=nowhere").json
    assert (worse["diff"], worse["steps"]) == ("", [])
    (refused,) = worse["refusals"]
    assert refused["why"] == "the fix would make another check worse: dependencies-declared"
    organisation.close()


CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "chart/values.yaml": "replicas: 1\n",
    "chart/templates/deployment.yaml": workload(spec="    replicas: {{ .Values.replicas }}\n"),
}


def refusals(bench, files, check):
    mended = bench.mend(files, check)
    return mended.diff, [f"{told.said.path}: {told.said.why}" for told in mended.proposal.refusals]


def test_windows_files_keep_their_line_ends(bench):
    files = {"catalog-info.yaml": descriptor(), "alerts.yaml": RULES.replace("\n", "\r\n"), "docs/runbook.md": RUNBOOK}
    mended = bench.mend(files, "alert-runbook-linked")
    assert mended.outcome("alert-runbook-linked") is Outcome.PASS
    text = mended.text("alerts.yaml")
    assert text.count("\r\n") == text.count("\n") == RULES.count("\n") + 1


def test_a_descriptor_in_json_stays_json(bench):
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "shop"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "group:default/team"},
    }
    text = json.dumps(entity, indent=2) + "\n"
    mended = bench.mend({"catalog-info.json": text}, "tier-declared", answers={"tier": "t1"})
    assert mended.outcome("tier-declared") is Outcome.PASS
    assert json.loads(mended.text("catalog-info.json"))["metadata"]["labels"] == {"tier": "t1"}


def test_a_runbook_for_what_no_descriptor_names_says_nothing_of_us(bench):
    mended = bench.mend({"alerts.yaml": RULES}, "alert-runbook-linked")
    page = mended.text("docs/runbook.md")
    assert "Made up" not in page
    assert "## Overview\n\nTODO: what it does, for whom" in page


def test_a_section_takes_the_plain_words_that_an_alert_has(bench):
    rules = f"{RULES}          description: '{{{{ $value }}}} requests fail'\n"
    files = {"catalog-info.yaml": descriptor(), "alerts.yaml": rules, "docs/runbook.md": RUNBOOK}
    page = bench.mend(files, "alert-runbook-linked").text("docs/runbook.md")
    assert "### Meaning\n\nRequests fail\n" in page


def test_a_liveness_probe_is_asked_for_and_never_made_of_the_readiness_probe(bench):
    probe = "                readinessProbe: {httpGet: {path: /readyz, port: 8080}}\n"
    files = {"catalog-info.yaml": descriptor(), "deploy/app.yaml": workload(container=probe)}
    diff, _ = refusals(bench, files, "workload-probes")
    assert diff == ""
    mended = bench.mend(files, "workload-probes", answers={"liveness.web": "/livez"})
    assert mended.outcome("workload-probes") is Outcome.PASS


def test_the_number_of_copies_stands_where_people_look_for_it(bench):
    files = {"catalog-info.yaml": descriptor(), "deploy/app.yaml": workload()}
    text = bench.mend(files, "workload-replicas").text("deploy/app.yaml")
    assert text.index("replicas: 2") < text.index("template:")


def test_what_helm_renders_is_left_alone_with_the_reason(bench):
    diff, why = refusals(bench, {"catalog-info.yaml": descriptor(), **CHART}, "workload-pdb")
    assert diff == ""
    assert why == ["chart/templates/deployment.yaml: it is a Helm template, whose text is not what is applied"]


def test_what_another_tool_generates_is_left_alone_with_the_reason(bench):
    made = f"# Code generated by Sloth.\n# DO NOT EDIT.\n{RULES}"
    diff, why = refusals(bench, {"catalog-info.yaml": descriptor(), "alerts.yaml": made}, "alert-runbook-linked")
    assert diff == ""
    assert why == ["alerts.yaml: it is generated, says its head: what it is made of is to be changed"]


def test_a_contract_promises_a_429_only_where_a_limit_is_known(bench):
    for gateway in ({}, {"gateway.yaml": TYK}):
        asked = bench.mend({**api(OPENAPI), **gateway}, "api-rate-limited", entity="api:default/shop")
        assert asked.diff == ""
        assert [one["key"] for one in to_json(asked.proposal)["questions"]] == ["rate_limit"]
    limited = TYK.replace("shop.local}", "shop.local, rateLimit: {enabled: true, rate: 9, per: 1s}}")
    known = bench.mend({**api(OPENAPI), "gateway.yaml": limited}, "api-rate-limited", entity="api:default/shop")
    assert "429" in known.diff
    assert to_json(known.proposal)["questions"] == []


def test_a_rule_that_sloth_made_of_a_spec_is_mended_in_the_spec(bench):
    rule = (
        "{alert: ShopBudget, expr: vector(1), labels: {sloth_slo: requests, sloth_service: shop, sloth_severity: page}}"
    )
    output = f"groups:\n- name: sloth-slo-alerts-shop-requests\n  rules:\n  - {rule}\n"
    files = {"catalog-info.yaml": descriptor(), "slo.yaml": SPEC, "out.yaml": output}
    diff, why = refusals(bench, files, "alert-runbook-linked")
    assert diff == ""
    assert why == [
        "slo.yaml: Sloth makes it into out.yaml: change the alerting of this objective, and generate that again"
    ]


SPEC = """version: prometheus/v1
service: shop
slos:
- name: requests
  objective: 99.9
  sli: {raw: {error_ratio_query: "errors:ratio{window='{{.window}}'}"}}
  alerting: {name: ShopBudget}
"""


def test_what_an_anchor_shares_is_left_alone_with_the_reason(bench):
    shared = RULES.replace(
        "labels: {severity: page}\n        annotations:", "labels: &l {severity: page}\n        annotations: &a"
    )
    shared += "      - {alert: Other, expr: up == 0, for: 10m, labels: *l, annotations: *a}\n"
    files = {"catalog-info.yaml": descriptor(), "alerts.yaml": shared, "docs/runbook.md": RUNBOOK}
    diff, why = refusals(bench, files, "alert-runbook-linked")
    assert diff == ""
    assert why == ["alerts.yaml: an anchor (`a`) shares it with other places"] * 2


def test_a_file_in_another_encoding_is_left_alone_with_the_reason(bench):
    page = "# Shop\n\n## Overview\n\nVerkauft Dinge für alle.\n".encode("latin-1")
    files = {"catalog-info.yaml": descriptor(), "docs/runbook.md": page}
    diff, why = refusals(bench, files, "service-runbook-present")
    assert diff == ""
    assert why == ["docs/runbook.md: it is not UTF-8 text"]


def test_nothing_is_written_through_a_link_or_outside(bench, tmp_path):
    place = bench.repository({"catalog-info.yaml": descriptor(), "alerts.yaml": RULES})
    (place / "docs").symlink_to(tmp_path)
    tree = WorkingTree(place, bench.git)
    _, drafts = fix_here(tree, bench.policy, NOW, checks=["alert-runbook-linked"])
    assert "docs/runbook.md" not in drafts.changed
    for path in ("docs/runbook.md", "../outside", ".git/config", "a/../../b"):
        with pytest.raises(RepositoryError, match="nothing was written"):
            write_files(tree, {path: b"x", "fine.txt": b"x"}, force=True)
    assert not (place / "fine.txt").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_only_is_refused_and_what_a_killed_run_left_is_taken_away(bench):
    place = bench.repository({"catalog-info.yaml": descriptor(), "alerts.yaml": RULES})
    old, new = place / ".roadworthy-old.part", place / ".roadworthy-new.part"
    for one in (old, new):
        one.write_bytes(b"half")
    os.utime(old, (0, 0))
    (place / "alerts.yaml").chmod(0o444)
    tree = WorkingTree(place, bench.git)
    with pytest.raises(RepositoryError, match=r"nothing was written: alerts.yaml: it is read-only"):
        write_files(tree, {"alerts.yaml": b"x", "fine.txt": b"x"})
    assert not (place / "fine.txt").exists()
    (place / "alerts.yaml").chmod(0o600)
    write_files(tree, {"alerts.yaml": b"x"})
    assert ((place / "alerts.yaml").read_bytes(), (place / "alerts.yaml").stat().st_mode & 0o777) == (b"x", 0o600)
    assert (old.exists(), new.exists()) == (False, True)  # the new one may be another run's, that goes on


def test_every_hunk_of_a_whole_run_is_explained(bench):
    files = {
        "catalog-info.yaml": descriptor(),
        "alerts.yaml": RULES,
        "deploy/app.yaml": workload(spec="    replicas: 1\n"),
    }
    mended = bench.mend(files)
    assert mended.worse == set()
    told = to_json(mended.proposal)
    assert len(told["hunks"]) > 5
    assert all(hunk["checks"] and hunk["why"] for hunk in told["hunks"])
    assert "".join(hunk["text"] for hunk in told["hunks"]) in "".join(
        line
        for line in mended.diff.splitlines(keepends=True)
        if not line.startswith(("diff ", "new file", "--- ", "+++ "))
    )
    assert mended.again == ""


def test_a_check_of_ones_own_may_name_a_fix(bench, tmp_path):
    shutil.copytree(ROOT / "scorecards", tmp_path / "scorecards")
    file = tmp_path / "scorecards/checks/resilience.yaml"
    file.write_text(
        file.read_text("utf-8").replace("- id: workload-pdb\n", "- id: our-budget\n    fix: workload-pdb\n"), "utf-8"
    )
    card = tmp_path / "scorecards/service.yaml"
    card.write_text(card.read_text("utf-8").replace("check: workload-pdb,", "check: our-budget,"), "utf-8")
    ours = Workbench(tmp_path / "made", load(tmp_path / "scorecards", SCHEMA), NOW, bench.git)
    ours.folder.mkdir()
    files = {"catalog-info.yaml": descriptor(), "app.yaml": workload(spec="    replicas: 3\n")}
    mended = ours.mend(files, "our-budget")
    assert mended.was("our-budget") is Outcome.FAIL
    assert mended.outcome("our-budget") is Outcome.PASS
    assert mended.again == ""
