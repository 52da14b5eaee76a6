"""Rules that a chart keeps in its values."""

from __future__ import annotations

import pytest

from app.formats import reading
from app.formats.helm_values import is_values_file
from app.formats.model import AlertRule

VALUES = """\
replicas: 2
prometheusRule:
  enabled: true
  rules:
    - alert: OrdersDown
      expr: up{job="orders"} == 0
      labels: {severity: page}
      annotations:
        description: "{{ $labels.instance }} is down."
    - record: orders:up:sum
      expr: sum(up{job="orders"})
metrics:
  alerts:
    enabled: false
    named:
      slow:
        enabled: true
        alert: OrdersSlow
        expr: orders_seconds{service="{{ template \"orders.name\" . }}"} > 1
      off:
        enabled: false
        alert: OrdersOff
        expr: up == 2
    listed:
      - alert: '{{ "OrdersLate" }}'
        expr: orders_late > 1
"""


def read(text: str = VALUES, path: str = "chart/values.yaml") -> list[AlertRule]:
    return [thing for thing in reading.read(path, text.encode()).objects if isinstance(thing, AlertRule)]


def test_rules_are_read_with_their_lines_and_the_group_is_the_key_that_holds_them() -> None:
    rules = read()

    assert [(rule.name, rule.group, rule.line) for rule in rules] == [
        ("OrdersDown", "prometheusRule.rules", 5),
        ("OrdersSlow", "metrics.alerts.named", 16),
        ("OrdersLate", "metrics.alerts.listed", 25),
    ]
    assert rules[0].annotations["description"] == "{{ $labels.instance }} is down."


def test_what_the_chart_fills_in_is_unknown_and_no_mistake() -> None:
    _, slow, _ = read()

    assert (slow.expr_valid, "expr" in slow.templated) == ("unknown", True)


def test_rules_that_are_switched_off_by_default_are_conditional() -> None:
    assert [rule.conditional for rule in read()] == [False, True, True]


def test_recording_rules_are_found_too() -> None:
    kinds = [thing.kind for thing in reading.read("chart/values-prod.yaml", VALUES.encode()).objects]

    assert kinds.count("recording_rule") == 1


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("chart/values.yaml", True),
        ("values-prod.yml", True),
        ("envs/values.eu.yaml", True),
        ("envs/prod-values.yaml", True),
        ("rules/orders.yaml", False),
        ("valuestream.yaml", False),
    ],
)
def test_only_files_named_like_values_are_asked(path: str, is_one: bool) -> None:
    assert is_values_file(path) is is_one
    assert bool(read(path=path)) is is_one


def test_rule_groups_in_values_are_left_to_the_readers_of_groups() -> None:
    native = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"
    assert [rule.group for rule in read(native)] == ["g"]


def test_a_value_nested_without_end_ends() -> None:
    assert read("a: {" * 30 + "b: 1" + "}" * 30) == []


RULE = "{alert: OrdersDown, expr: 'up == 0', labels: {severity: page}}"
FLUX = f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: stack}}
spec:
  values:
    additionalPrometheusRulesMap:
      orders:
        groups:
          - name: orders
            rules:
              - {RULE}
    prometheusRule:
      enabled: true
      rules:
        - {{alert: ProbeFailed, expr: 'probe_success == 0', for: 15m}}
"""
ARGO = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: stack}}
spec:
  source:
    helm:
      values: |
        prometheusRule:
          rules:
            - {RULE}
"""
RANCHER = f"""\
apiVersion: helm.cattle.io/v1
kind: HelmChart
spec:
  valuesContent: |-
    serverFiles:
      alerting_rules.yml:
        groups: [{{name: g, rules: [{RULE}]}}]
"""


@pytest.mark.parametrize(
    ("release", "places"),
    [
        (FLUX, [("OrdersDown", 11), ("ProbeFailed", 15)]),
        (ARGO, [("OrdersDown", 10)]),
        (RANCHER, [("OrdersDown", 7)]),
    ],
    ids=["flux", "argo", "rancher"],
)
def test_rules_in_the_values_of_a_release_are_read_in_place(release: str, places: list[tuple[str, int]]) -> None:
    rules = [one for one in reading.read("apps/release.yaml", release.encode()).objects if isinstance(one, AlertRule)]
    assert [(one.name, one.line) for one in rules] == places


@pytest.mark.parametrize(
    ("dependency", "hidden"),
    [
        ("{name: generic-prometheus-alerts, version: 1, repository: 'https://charts.acme.example'}", True),
        ("{name: kube-prometheus-stack, version: 1, repository: 'oci://charts.acme.example'}", True),
        ("{name: generic-prometheus-alerts, version: 1, repository: 'file://../alerts'}", False),
        ("{name: alertmanager, version: 1, repository: 'https://charts.acme.example'}", False),
        ("{name: postgresql, version: 1, repository: 'https://charts.acme.example'}", False),
        ("5", False),
    ],
)
def test_a_chart_of_alerts_that_lies_elsewhere_is_there_but_can_not_be_read(dependency: str, hidden: bool) -> None:
    chart = f"apiVersion: v2\nname: shop\nversion: 0.1.0\ndependencies:\n  - {dependency}\n"
    found = reading.read("chart/Chart.yaml", chart.encode())
    assert [(one.group, one.line) for one in found.unreadable] == ([("alerting", 5)] if hidden else [])
