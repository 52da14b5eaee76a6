"""The files of every golden path are what the tools that take them say they must be."""

import json
import re
import subprocess
from pathlib import Path

import kubernetes_validate
import promql_parser
import pytest
import yaml
from golden_births import BIRTHS, born, laid
from openapi_spec_validator import validate
from real_parts import require

CUSTOM = {
    "AnalysisTemplate",
    "Component",
    "API",
    "Resource",
    "System",
    "Kustomization",
    "SLO",
    "Service (openslo)",
    "ServiceMonitor",
    "BackupStorageLocation",
    "Schedule",
}
"""Kinds of which Kubernetes has no schema of its own; their own tools check them."""
KUBERNETES = "1.33"


def documents(kind: str, tier: str) -> list[tuple[str, dict]]:
    found = []
    for name, data in born(kind, tier).items():
        if name.endswith((".yaml", ".yml")):
            found += [(name, one) for one in yaml.safe_load_all(data) if isinstance(one, dict)]
    return found


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_promtool_finds_the_rules_right_and_their_tests_pass(kind, tier, tmp_path):
    tool = require("promtool")
    folder = laid(kind, tier, tmp_path)
    for arguments in (["check", "rules", "monitoring/rules.yaml"], ["test", "rules", "monitoring/rules_test.yaml"]):
        done = subprocess.run([tool, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_every_alert_is_tested_firing_and_silent(kind, tier):
    rules = yaml.safe_load(born(kind, tier)["monitoring/rules.yaml"])
    tests = yaml.safe_load(born(kind, tier)["monitoring/rules_test.yaml"])["tests"]
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    cases = [case for test in tests for case in test["alert_rule_test"]]

    assert len(alerts) >= 5
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == alerts - {"Watchdog"}  # it always fires


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_every_alert_has_its_section_in_the_runbook(kind, tier):
    rules = yaml.safe_load(born(kind, tier)["monitoring/rules.yaml"])
    runbook = born(kind, tier)["docs/runbook.md"].decode()
    sections = {title.lower() for title in re.findall(r"^### (\w+)$", runbook, re.MULTILINE)}
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]

    for alert in alerts:
        address, _, anchor = alert["annotations"]["runbook_url"].partition("#")
        assert address == "https://github.com/acme/gift-cards/blob/main/docs/runbook.md"
        assert anchor == alert["alert"].lower()
    assert sections == {alert["alert"].lower() for alert in alerts}


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_manifests_are_what_kubernetes_takes_nothing_misspelt(kind, tier):
    checked, custom = set(), set()
    for name, document in documents(kind, tier):
        if "apiVersion" not in document or name.startswith(".github/"):
            continue
        if document["kind"] == "Rollout":
            document = as_deployment(document)
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
            checked.add(document["kind"])
        except kubernetes_validate.SchemaNotFoundError:
            openslo = document["kind"] == "Service" and document["apiVersion"].startswith("openslo/")
            custom.add("Service (openslo)" if openslo else document["kind"])
    assert custom <= CUSTOM
    assert checked or not any(name.startswith("deploy/") for name in born(kind, tier))


def as_deployment(rollout: dict) -> dict:
    """A Rollout but for its strategy is a Deployment, whose schema Kubernetes has."""
    spec = {key: value for key, value in rollout["spec"].items() if key != "strategy"}
    return {**rollout, "apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}


@pytest.mark.parametrize("tier", ["t1", "t2", "t3"])
def test_the_contract_and_the_gateways_definition_are_openapi(tier):
    files = born("api", tier)
    contract = yaml.safe_load(files["openapi.yaml"])
    gateway = json.loads(files["gateway/gift-cards.json"])
    validate(contract)
    validate(gateway)

    def operations(document: dict) -> set[tuple[str, str, str]]:
        methods = ("get", "post", "put", "patch", "delete")
        return {
            (path, method, item[method]["operationId"])
            for path, item in document["paths"].items()
            for method in methods
            if method in item
        }

    assert operations(contract) == operations(gateway)
    middleware = gateway["x-tyk-api-gateway"]["middleware"]["operations"]
    assert set(middleware) == {name for _, _, name in operations(gateway)}


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_json_parses_dashboards_have_an_id_and_a_panel_for_each_signal(kind, tier):
    for name, data in born(kind, tier).items():
        if name.endswith(".json"):
            json.loads(data)
    dashboard = json.loads(born(kind, tier)["monitoring/dashboard.json"])
    assert dashboard["uid"] == "gift-cards"
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers)) >= 6


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_a_dashboard_keeps_the_rules_of_grafanas_linter(kind, tier):
    """Data source by variable, titles, units, queries that parse, rates over the interval; nothing lies over another.

    Source: grafana/dashboard-linter, docs/rules (template-datasource, panel-datasource, panel-units, target-promql,
    target-rate-interval); Grafana's dashboard JSON model (gridPos: 24 columns).
    """
    dashboard = json.loads(born(kind, tier)["monitoring/dashboard.json"])
    variables = {one["name"]: one["type"] for one in dashboard["templating"]["list"]}
    assert variables == {"datasource": "datasource"}
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        if panel["type"] == "alertlist":
            continue
        assert panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["fieldConfig"]["defaults"].get("unit"), f"{panel['title']} has no unit"
        assert len({one["refId"] for one in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            expression = target["expr"]
            assert not re.search(r"rate\([^\[]*\[(?!\$__rate_interval)", expression), expression
            promql_parser.parse(expression.replace("$__rate_interval", "5m"))
    assert {y for _, y in taken} == set(range(max(y for _, y in taken) + 1))


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_a_dashboard_asks_for_nothing_but_what_its_rules_and_exporters_know(kind, tier):
    """A renamed metric leaves an empty panel that nobody misses until the incident."""
    files = born(kind, tier)
    dashboard = json.loads(files["monitoring/dashboard.json"])
    recorded = set(re.findall(r"record: (\S+)", files["monitoring/rules.yaml"].decode()))
    known = re.compile(r"(up|(http_server|container|kube|kubelet|node|apiserver|pg)_\w+)")
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            for name in re.findall(r"\b([a-z][\w:]+)(?=\{)", target["expr"]):
                assert name in recorded if ":" in name else known.fullmatch(name), name


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_both_forms_of_an_objective_say_the_same(kind, tier):
    files = born(kind, tier)
    sloth = {one["name"]: one["objective"] / 100 for one in yaml.safe_load(files["monitoring/slo.yaml"])["slos"]}
    open_slo = {
        one["metadata"]["name"]: one["spec"]["objectives"][0]["target"]
        for one in yaml.safe_load_all(files["monitoring/openslo.yaml"])
        if one["kind"] == "SLO"
    }
    assert sloth == pytest.approx(open_slo)


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_nothing_is_left_for_later_and_no_placeholder_shows(kind, tier):
    for name, data in born(kind, tier).items():
        text = data.decode()
        assert not re.search(r"(?i)\b(todo|tbd|fixme|lorem|change-?me)\b", text), name
        assert not re.search(r"\$\{\{|\{%", text), name
        assert re.search(r"[^\n]\n\Z", text), name
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), name


@pytest.mark.parametrize(("kind", "tier"), BIRTHS)
def test_links_between_the_pages_lead_somewhere(kind, tier):
    files = born(kind, tier)
    for name, data in files.items():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", data.decode()):
                if "://" not in target:
                    assert (Path(name).parent / target).as_posix() in files, f"{name} links {target}"
