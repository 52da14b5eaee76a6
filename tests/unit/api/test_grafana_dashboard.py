"""The dashboard in `monitoring/` asks only for what `/metrics` tells, with labels that are there."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import promql_parser
import pytest
import yaml
from organisation import Organisation
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.api.metrics import StoreCollector, WebMetrics
from app.formats.promql import walk
from app.jobs.metrics import WorkerMetrics
from app.store.gauges import gauges

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DASHBOARD = json.loads((Path(__file__).parents[3] / "monitoring" / "dashboard.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGET_LABELS = {"job", "instance"}


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    """Sample name → its labels, where everything that can be counted was counted once."""
    web, worker, store = WebMetrics(), WorkerMetrics(), CollectorRegistry()
    web.answered("GET", "/", 200, 0.1)
    web.delivered("github/main", "accepted")
    worker.refreshed("ok", 1)
    worker.judged("changed")
    worker.judging_took(0.1, 1)
    worker.job_failed("upkeep")
    made = Organisation(tmp_path_factory.mktemp("gauges")).open()
    found = replace(
        gauges(made.pipeline.store.database, NOW),
        repository_errors={"forbidden": 1},
        providers={"git": True},
        messages={"dead": 1},
        deliveries_refused={("github/main", "signature"): 1},
    )
    made.close()
    store.register(StoreCollector(found))
    text = b"".join(generate_latest(one) for one in (web.registry, worker.registry, store)).decode()
    return {
        sample.name: set(sample.labels) | TARGET_LABELS
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


EXPRESSIONS = [
    pytest.param(
        target["expr"].replace("$__rate_interval", "5m").replace("$job", "roadworthy"),
        set(re.findall(r"{{(\w+)}}", target["legendFormat"])),
        id=f"{panel['title']} {target['refId']}",
    )
    for panel in PANELS
    for target in panel["targets"]
]


@pytest.mark.parametrize(("expression", "legend"), EXPRESSIONS)
def test_a_panel_asks_for_what_is_exposed(expression, legend, exposed):
    nodes = list(walk(promql_parser.parse(expression)))
    selectors = [node for node in nodes if isinstance(node, promql_parser.VectorSelector)]
    assert selectors
    for selector in selectors:
        assert selector.name in exposed
        assert {matcher.name for matcher in selector.matchers.matchers} <= exposed[selector.name]
        assert "job" in {matcher.name for matcher in selector.matchers.matchers}
    grouped = {
        label
        for node in nodes
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier
        for label in node.modifier.labels
    }
    assert grouped <= set.union(*(exposed[selector.name] for selector in selectors))
    assert legend <= grouped


def test_every_metric_has_a_panel(exposed):
    """What is worth counting is worth looking at; creation times and histogram sums aside."""
    asked = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    base = {name.removesuffix("_count").removesuffix("_sum") for name in exposed if not name.endswith("_created")}
    assert {name for name in base if name.removesuffix("_bucket") not in asked} == set()


MONITORING = Path(__file__).parents[3] / "monitoring"
SAID = [*sorted(MONITORING.glob("*.*")), *sorted((MONITORING.parent / "docs").glob("*.md"))]


@pytest.mark.parametrize("file", SAID, ids=lambda file: file.name)
def test_every_metric_that_is_named_anywhere_is_exposed_or_recorded(file, exposed):
    """Dashboard, rules, their tests, objectives, runbook and documents; a name in words may leave out a suffix."""
    named = set(re.findall(r"\broadworthy_[a-z0-9_]+\b", file.read_text("utf-8"))) - {"roadworthy_"}
    recorded = set(re.findall(r"record: (\S+)", (MONITORING / "rules.yaml").read_text("utf-8")))
    known = set(exposed) | {part for name in recorded for part in name.split(":")}
    bases = {name.removesuffix(end) for name in exposed for end in ("_total", "_bucket", "_count", "_sum")}
    not_metrics = {"roadworthy_action", "roadworthy_fix"}
    assert named - known - bases - not_metrics == set()


def test_every_alert_and_recording_uses_labels_that_its_metrics_have(exposed):
    groups = yaml.safe_load((MONITORING / "rules.yaml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    slos = yaml.safe_load((MONITORING / "slo.yaml").read_text("utf-8"))["slos"]
    queries = [query for one in slos for query in one["sli"]["events"].values()]
    asked = [rule["expr"] for rule in rules] + [query.replace("{{.window}}", "5m") for query in queries]
    assert len(asked) > 10
    for expression in asked:
        nodes = list(walk(promql_parser.parse(expression)))
        for node in nodes:
            if isinstance(node, promql_parser.VectorSelector) and node.name != "up":
                assert {matcher.name for matcher in node.matchers.matchers} <= exposed[node.name], expression


def test_no_stranger_makes_new_series():
    """Methods, paths and hosts are what anyone may send; only what we know ourselves becomes a label."""
    web = WebMetrics()
    for number in range(200):
        web.answered(f"METHOD{number}", "unknown", 405, 0.1)
    lines = generate_latest(web.registry).decode().splitlines()
    assert sum(line.startswith("roadworthy_http_requests_total{") for line in lines) == 1


def test_panels_don_t_overlap_and_have_descriptions():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells
    assert all(panel["description"] for panel in PANELS)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_what_the_runbook_looks_for_in_the_log_is_logged():
    root = Path(__file__).parents[3]
    lines = re.findall(r"journalctl[^`]*\| grep (?:-E ')?([\w.|]+)", (root / "docs" / "runbook.md").read_text("utf-8"))
    sought = [event for line in lines for event in line.split("|")]
    sources = "".join(path.read_text("utf-8") for path in (root / "app").rglob("*.py"))
    events = set(re.findall(r'log\.\w+\(\s*"([a-z_.]+)"', sources))

    assert len(sought) > 3
    assert [one for one in sought if not any(event.startswith(one) for event in events)] == []
