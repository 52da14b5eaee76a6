"""Helm charts: values filled in where they are simple, everything else unknown."""

from __future__ import annotations

import time
from typing import Any

import pytest
from workload_files import deployment, workload, workloads

from app.formats.workloads.expressions import UNSEEN, Opaque, evaluate

CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: 2.3.4\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "shop.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "shop.selectorLabels" . | nindent 8 }}
    spec:
      {{- with .Values.spread }}
      topologySpreadConstraints:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          ports:
            - name: http
              containerPort: {{ .Values.port }}
          readinessProbe:
            {{- toYaml .Values.readinessProbe | nindent 12 }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
"""
BUDGET = """\
{{- if .Values.pdb.enabled }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  maxUnavailable: {{ .Values.pdb.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "shop.selectorLabels" . | nindent 6 }}
{{- end }}
"""
SCALER = """\
{{- if .Values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: '{{ include "shop.fullname" . }}'}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
{{- end }}
"""
VALUES = """\
replicaCount: 2
image: {repository: registry.example/shop, tag: ""}
port: 8080
autoscaling: {enabled: false, minReplicas: 3, maxReplicas: 6}
pdb: {enabled: true, maxUnavailable: 1}
readinessProbe: {httpGet: {path: /ready, port: http}}
resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {memory: 1Gi}}
spread: []
"""


def chart(**files: str) -> dict[str, str]:
    made = {
        "charts/shop/Chart.yaml": CHART,
        "charts/shop/values.yaml": VALUES,
        "charts/shop/templates/deployment.yaml": DEPLOYMENT,
        "charts/shop/templates/pdb.yaml": BUDGET,
        "charts/shop/templates/hpa.yaml": SCALER,
    }
    return {
        **made,
        **{f"charts/shop/{name.replace('__', '/').replace('_', '-')}.yaml": text for name, text in files.items()},
    }


def test_a_chart_is_judged_with_its_own_values() -> None:
    found = workload(chart())
    (container,) = found.containers

    assert (found.name, found.replicas_min, found.autoscaler) == ("shop", 2, None)
    assert (found.environment, found.line) == ("charts/shop/values.yaml", 1)
    assert (container.name, container.image, container.image_state) == ("shop", "registry.example/shop:2.3.4", "tag")
    assert (container.readiness, container.memory_request, container.memory_equal) == (True, "1Gi", True)
    assert (found.spread_node, found.unknown, container.unknown) == (False, {}, {})


def test_an_include_written_in_both_places_matches_itself() -> None:
    assert workload(chart()).budget_state == "protects"
    other = BUDGET.replace("shop.selectorLabels", "shop.otherLabels")
    assert workload({**chart(), "charts/shop/templates/pdb.yaml": other}).budget_state == "none"


def test_values_for_production_come_first() -> None:
    production = (
        "autoscaling: {enabled: true}\npdb: {enabled: false}\n"
        "spread: [{topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {a: b}}}]\n"
    )
    found = workload(chart(values_prod=production, values_dev="replicaCount: 9\n"))
    assert (found.replicas_min, found.replicas_max, found.budget_state) == (3, 6, "none")
    assert found.environment == "charts/shop/values-prod.yaml"
    assert found.spread_problem == "a rule's label selector does not match the pods"


@pytest.mark.parametrize("place", ["charts/values-prod.yaml", "charts/env/prod/values.yaml"])
def test_values_beside_the_only_chart_of_a_folder_are_its_own(place: str) -> None:
    found = workload({**chart(), place: "replicaCount: 5\n"})
    assert (found.replicas_min, found.environment) == (5, place)


@pytest.mark.parametrize("place", ["values-prod.yaml", "charts/a/b/c/values-prod.yaml"])
def test_values_that_lie_further_away_may_be_for_something_else(place: str) -> None:
    assert workload({**chart(), place: "replicaCount: 5\n"}).replicas_min == 2


def test_values_beside_two_charts_are_nobodys() -> None:
    other = {"charts/cart/Chart.yaml": CHART.replace("shop", "cart")}
    assert workload({**chart(), **other, "charts/values-prod.yaml": "replicaCount: 5\n"}).replicas_min == 2


def test_two_production_files_are_two_renderings() -> None:
    found = workloads(chart(values_prod_eu="replicaCount: 3\n", values_prod_us="replicaCount: 1\n"))
    assert sorted(one.replicas_min for one in found) == [1, 3]


def test_without_values_everything_they_fill_in_is_unknown() -> None:
    files = {name: text for name, text in chart().items() if "values" not in name}
    found = workload(files)
    (container,) = found.containers
    assert {"replicas_min", "budget_state"} <= set(found.unknown)
    assert {"image_state", "readiness", "memory_request", "memory_limit"} <= set(container.unknown)


def test_a_subchart_gets_its_parents_values() -> None:
    inner = {name.replace("charts/shop", "app/charts/shop"): text for name, text in chart().items()}
    parent = {"app/Chart.yaml": CHART.replace("shop", "app"), "app/values.yaml": "shop: {replicaCount: 7}\n"}
    assert workload({**inner, **parent}).replicas_min == 7


def test_what_looks_like_a_secret_among_values_is_unknown() -> None:
    hidden = VALUES.replace("replicaCount: 2", "replicaCount: 2\nsecretName: x")
    template = DEPLOYMENT.replace("{{ .Values.replicaCount }}", "{{ .Values.secretName }}")
    found = workload({**chart(values=hidden), "charts/shop/templates/deployment.yaml": template})
    assert "replicas_min" in found.unknown


def test_a_template_that_renders_to_a_block_and_goes_on_is_still_read() -> None:
    template = DEPLOYMENT.replace(
        '  labels:\n    {{- include "shop.labels" . | nindent 4 }}',
        '  labels: {{- include "shop.labels" . | nindent 4 }}\n    tier: web',
    )
    found = workload({**chart(), "charts/shop/templates/deployment.yaml": template})
    assert found.object_labels["tier"] == "web"


def test_of_branches_that_write_the_same_key_the_one_that_holds_counts() -> None:
    branches = """\
          {{- if .Values.customProbe }}
          livenessProbe: {{- toYaml .Values.customProbe | nindent 12 }}
          {{- else if .Values.port }}
          livenessProbe: {tcpSocket: {port: http}}
          {{- end }}
"""
    template = DEPLOYMENT + branches
    files = {**chart(), "charts/shop/templates/deployment.yaml": template}
    assert workload(files).containers[0].liveness
    custom = {**files, "charts/shop/values.yaml": f"{VALUES}customProbe: {{exec: {{command: [x]}}}}\n"}
    assert "liveness" in workload(custom).containers[0].unknown


ROOT: dict[str, Any] = {
    "Values": {"a": {"b": 3, "t": "x", "on": True, "none": None}, "list": [1]},
    "Chart": {"Name": "shop", "AppVersion": "1.2"},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (".Values.a.b", 3),
        ("$.Values.a.b", 3),
        (".Values.a.missing", None),
        (".Values.a.missing | default 5", 5),
        ('default "x" .Values.a.t', "x"),
        (".Values.a.b | int", 3),
        (".Values.a.t | quote", "x"),
        ("toYaml .Values.a | nindent 8", {"b": 3, "t": "x", "on": True, "none": None}),
        ('printf "%s-%s" .Chart.Name .Values.a.t', "shop-x"),
        ("and .Values.a.on (not .Values.a.missing)", True),
        ("or .Values.a.missing .Values.a.b", 3),
        ("gt (int .Values.a.b) 2", True),
        ('eq .Values.a.t "y" "x"', True),
        ('ternary "yes" "no" .Values.a.on', "yes"),
        ('include "common.tplvalues.render" (dict "value" .Values.list "context" $)', [1]),
        ('omit .Values.a "t" "on" "none"', {"b": 3}),
        ("trunc 1 .Chart.Name", "s"),
    ],
)
def test_simple_expressions_have_a_value(expression: str, value: object) -> None:
    assert evaluate(expression, ROOT, ROOT) == value


@pytest.mark.parametrize(
    "expression",
    [
        'lookup "v1" "Secret" "a" "b"',
        ".Values.a.b.c.d",
        ".Values.a.b | mystery",
        "$x.y",
        "(((((((((((((((((( .Values.a.b ))))))))))))))))))",
        'int "nine"',
        ".Values.a.t | trunc",
        "",
        'printf "%d"',
        "}}",
    ],
)
def test_everything_else_is_unseen(expression: str) -> None:
    assert evaluate(expression, ROOT, ROOT) is UNSEEN


def test_an_include_is_opaque() -> None:
    assert isinstance(evaluate('include "shop.labels" .', ROOT, ROOT), Opaque)


@pytest.mark.parametrize(
    "text",
    [
        DEPLOYMENT + "{{ if .Values.x }}\n" * 3000,
        DEPLOYMENT + "          {{ with .Values.x }}\n" * 900 + "          {{ end }}\n" * 900,
        DEPLOYMENT.replace("app.Values", "x") + "          args:\n" + "            - {{ .Values.a }}\n" * 20000,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: '" + "{{ .Values.a }}" * 20000 + "'}\n",
        DEPLOYMENT.replace(".Values.replicaCount", "(" * 5000),
    ],
    ids=["unclosed", "nested", "many tokens", "one line", "parentheses"],
)
def test_hostile_templates_end_soon_and_never_raise(text: str) -> None:
    started = time.monotonic()
    workloads({**chart(), "charts/shop/templates/deployment.yaml": text})
    assert time.monotonic() - started < 10


def test_a_manifest_without_a_template_goes_along_with_its_chart() -> None:
    """A budget that holds no template protects the templated workload beside it."""
    files = {
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "chart/values.yaml": "replicas: 3\n",
        "chart/templates/app.yaml": deployment(spec="replicas: {{ .Values.replicas }}"),
        "chart/templates/pdb.yaml": (
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: shop, namespace: shop}\n"
            "spec: {maxUnavailable: 1, selector: {matchLabels: {app: shop}}}\n"
        ),
    }
    assert workload(files).budget_state == "protects"
    plain = {**files, "chart/templates/app.yaml": deployment(spec="replicas: 3")}
    assert workload(plain).budget_state == "protects"


@pytest.mark.parametrize(
    ("chart", "name"),
    [("src/cart/chart", "cart"), ("src/cart/helm-chart", "cart"), ("charts/cart", "cart"), ("chart", "chart")],
)
def test_a_name_that_a_helper_writes_is_told_by_the_folder_that_says_what_it_is(chart: str, name: str) -> None:
    """Met in AWS' retail store, whose five charts all lie in a folder called chart."""
    files = {f"{chart}/Chart.yaml": CHART, f"{chart}/values.yaml": "{}\n", f"{chart}/templates/app.yaml": DEPLOYMENT}
    assert [one.name for one in workloads(files)] == [name]


def test_a_name_that_the_charts_own_values_leave_open_is_told_by_its_folder() -> None:
    """Met in the Financial Times' services, whose releases name themselves in values of their own."""
    files = {
        "helm/pusher/Chart.yaml": CHART,
        "helm/pusher/values.yaml": "service: {name: ''}\nreplicaCount: 2\n",
        "helm/pusher/templates/app.yaml": DEPLOYMENT.replace(
            '{{ include "shop.fullname" . }}', "{{ .Values.service.name }}"
        ),
    }
    assert [(one.name, one.ignored) for one in workloads(files)] == [("pusher", "")]


def test_a_template_of_something_else_than_helm_has_no_values_of_its_own() -> None:
    """Met in OpenShift's Hive, which fills in its manifests itself: `.ControllerName` is no empty value."""
    text = deployment(kind="StatefulSet").replace("{name: shop, namespace: shop}", "\n  name: hive- {{- .Controller}}")
    (found,) = workloads({"config/sharded/statefulset.yaml": text.replace("name: app", "name: {{.Controller}}")})
    assert "…" in found.name
    assert found.ignored == ""
