"""How the metrics of a workload are collected: monitors matched to it, annotations, pushes."""

from __future__ import annotations

import pytest
from workload_files import deployment, workload, workloads

SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop, labels: {app: shop}}
spec: {selector: {app: shop}, ports: [{name: web, port: 80, targetPort: http}]}
"""
MONITOR = """\
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: shop, namespace: monitoring}
spec:
  selector: {matchLabels: {app: shop}}
  namespaceSelector: {matchNames: [shop]}
  endpoints: [{port: web}]
"""
POD_MONITOR = """\
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: shop, namespace: shop}
spec: {selector: {matchLabels: {app: shop}}, podMetricsEndpoints: [{port: http}]}
"""


def way(text: str) -> tuple[str, str, str]:
    found = workload(text)
    return found.metrics_way, found.metrics_by, found.metrics_problem


def test_a_service_monitor_finds_the_pods_through_a_service_in_the_namespaces_it_names() -> None:
    whole = deployment() + SERVICE + MONITOR
    assert way(whole) == ("monitor", "ServiceMonitor shop", "")
    assert way(whole.replace("[shop]}", "[cart]}")) == ("", "", "")
    assert (
        way(whole.replace("matchLabels: {app: shop}}\n  namespace", "matchLabels: {app: cart}}\n  namespace"))[0] == ""
    )
    assert way(deployment() + MONITOR) == ("", "", "")


def test_a_monitor_that_asks_a_port_which_is_not_there_collects_nothing() -> None:
    wrong = "it asks port “metrics”, which is not declared"
    whole = deployment() + SERVICE + MONITOR
    assert way(whole.replace("port: web", "port: metrics")) == ("", "ServiceMonitor shop", wrong)
    assert way(whole.replace("endpoints: [{port: web}]", "endpoints: []"))[2] == "it names no endpoint"
    assert way(whole.replace("port: web", "targetPort: 9090"))[0] == "monitor"
    assert way(deployment() + POD_MONITOR) == ("monitor", "PodMonitor shop", "")
    assert way(deployment() + POD_MONITOR.replace("port: http", "port: metrics"))[2] == wrong
    assert way(deployment() + POD_MONITOR.replace("port: http", "portNumber: 80"))[0] == "monitor"


def test_a_dangling_monitor_does_not_hide_one_that_collects() -> None:
    dangling = MONITOR.replace("port: web", "port: metrics")
    assert way(deployment() + SERVICE + dangling + POD_MONITOR) == ("monitor", "PodMonitor shop", "")


@pytest.mark.parametrize(
    ("api", "kind", "namespace", "collected"),
    [
        ("operator.victoriametrics.com/v1beta1", "VMPodScrape", "shop", "monitor"),
        ("monitoring.googleapis.com/v1", "PodMonitoring", "shop", "monitor"),
        ("monitoring.googleapis.com/v1", "PodMonitoring", "elsewhere", ""),
        ("monitoring.googleapis.com/v1", "ClusterPodMonitoring", "elsewhere", "monitor"),
    ],
)
def test_other_operators_monitors_count_alike(api: str, kind: str, namespace: str, collected: str) -> None:
    monitor = (
        f"---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: shop, namespace: {namespace}}}\n"
        "spec: {selector: {matchLabels: {app: shop}}, endpoints: [{port: http, interval: 30s}]}\n"
    )
    assert way(deployment() + monitor)[0] == collected


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        ("prometheus.io/scrape: 'true'", ("annotation", "prometheus.io/scrape")),
        ("prometheus.io/scrape: 'false'", ("", "")),
        ("ad.datadoghq.com/app.checks: '{}'", ("annotation", "ad.datadoghq.com/app.checks")),
        (
            "instrumentation.opentelemetry.io/inject-java: 'true'",
            ("push", "instrumentation.opentelemetry.io/inject-java"),
        ),
        ("instrumentation.opentelemetry.io/inject-java: 'false'", ("", "")),
    ],
)
def test_annotations_of_the_pods_say_that_they_are_scraped_or_push(annotation: str, found: tuple[str, str]) -> None:
    labels = "metadata: {labels: {app: shop}}\n    spec"
    text = deployment().replace(labels, f"metadata: {{labels: {{app: shop}}, annotations: {{{annotation}}}}}\n    spec")
    assert way(text)[:2] == found


def test_an_overlay_of_monitoring_alone_serves_the_workloads_of_the_others() -> None:
    files = {
        "deploy/kustomization.yaml": "resources: [app.yaml]\n",
        "deploy/app.yaml": deployment(),
        "monitoring/kustomization.yaml": "namespace: shop\nresources: [monitor.yaml]\n",
        "monitoring/monitor.yaml": POD_MONITOR.removeprefix("---\n"),
    }
    assert workload(files).metrics_way == "monitor"
    elsewhere = files | {"monitoring/kustomization.yaml": "namespace: cart\nresources: [monitor.yaml]\n"}
    assert workload(elsewhere).metrics_way == ""


def test_a_monitor_of_another_overlay_with_workloads_of_its_own_is_not_theirs() -> None:
    files = {
        "a/kustomization.yaml": "resources: [app.yaml]\n",
        "a/app.yaml": deployment(),
        "b/kustomization.yaml": "resources: [app.yaml, monitor.yaml]\n",
        "b/app.yaml": deployment(name="cart"),
        "b/monitor.yaml": POD_MONITOR.removeprefix("---\n"),
    }
    assert [one.metrics_way for one in workloads(files) if one.name == "shop"] == [""]


def test_a_selector_that_only_a_template_knows_makes_it_unknown() -> None:
    files = {
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "chart/values.yaml": "{}\n",
        "chart/templates/app.yaml": deployment(),
        "chart/templates/monitor.yaml": POD_MONITOR.removeprefix("---\n").replace(
            "{matchLabels: {app: shop}}", "{matchLabels: {app: '{{ include \"monitored\" . }}'}}"
        ),
    }
    found = workload(files)
    assert found.metrics_way == ""
    assert "metrics_way" in found.unknown


def test_a_monitor_that_exists_only_with_some_values_makes_it_unknown() -> None:
    """Met in Linkerd's chart, whose monitors are off unless values turn them on by way of a variable."""
    files = {
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "chart/values.yaml": "{}\n",
        "chart/templates/app.yaml": deployment(),
        "chart/templates/monitor.yaml": '{{ if include "on" . }}\n' + POD_MONITOR.removeprefix("---\n") + "{{ end }}\n",
    }
    found = workload(files)
    assert found.metrics_way == ""
    assert found.unknown["metrics_way"] == "whether it exists depends on values that are not known here"


def test_versions_kept_to_roll_back_to_are_ten_unless_written() -> None:
    assert workload(deployment()).revisions_kept == 10
    assert workload(deployment(spec="revisionHistoryLimit: 0")).revisions_kept == 0


CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
ANNOTATED = deployment().replace(
    "metadata: {labels: {app: shop}}\n    spec",
    "metadata:\n      labels: {app: shop}\n      annotations:\n        PLACE\n    spec",
)


@pytest.mark.parametrize(
    ("written", "values", "known"),
    [
        ('{{- include "shop.podAnnotations" . | nindent 8 }}', "{}", False),
        ("{{- toYaml .Values.podAnnotations | nindent 8 }}", "podAnnotations: {prometheus.io/scrape: 'true'}", True),
        ("{{- toYaml .Values.podAnnotations | nindent 8 }}", "podAnnotations: {team: a}", True),
        ("prometheus.io/scrape: {{ .Values.metrics | quote }}", "metrics: true", True),
        ('prometheus.io/scrape: {{ include "shop.scraped" . | quote }}', "{}", False),
        ('checksum/config: {{ include "shop.config" . | sha256sum }}', "{}", True),
    ],
)
def test_annotations_that_only_a_template_knows_make_it_unknown(written: str, values: str, known: bool) -> None:
    """Met in AWS' retail store, whose charts write all annotations of their pods by a helper of their own."""
    files = {
        "chart/Chart.yaml": CHART,
        "chart/values.yaml": f"{values}\n",
        "chart/templates/app.yaml": ANNOTATED.replace("PLACE", written),
    }
    found = workload(files)
    assert ("metrics_way" not in found.unknown) is known
    assert (found.metrics_way == "annotation") is ("true" in values)


def test_a_service_whose_annotations_a_template_writes_may_be_what_is_scraped() -> None:
    hidden = '{name: shop, namespace: shop, annotations: {{ include "shop.annotations" . }}}'
    files = {
        "chart/Chart.yaml": CHART,
        "chart/values.yaml": "{}\n",
        "chart/templates/app.yaml": deployment(),
        "chart/templates/service.yaml": SERVICE.removeprefix("---\n").replace(
            "{name: shop, namespace: shop, labels: {app: shop}}", hidden
        ),
    }
    assert "metrics_way" in workload(files).unknown
