"""Alerting and recording rules in every wrapping, and what is wrong with them, to the line."""

from __future__ import annotations

from textwrap import dedent

import pytest

from app.formats import reading
from app.formats.model import AlertRule, Parsed, RecordingRule, RuleTest, RunbookLink


def read(text: str, path: str = "rules.yaml") -> Parsed:
    return reading.read(path, dedent(text).encode())


def alerts(parsed: Parsed) -> list[AlertRule]:
    return [thing for thing in parsed.objects if isinstance(thing, AlertRule)]


def one_rule(fields: str) -> Parsed:
    """A rule file whose only rule begins on line 4."""
    lines = dedent(fields).strip().splitlines()
    body = "\n".join(("  - " if number == 0 else "    ") + line for number, line in enumerate(lines))
    return reading.read("rules.yaml", f"groups:\n- name: a\n  rules:\n{body}\n".encode())


def test_a_native_file_gives_its_rules_with_lines_and_merged_labels() -> None:
    parsed = read("""\
        groups:
          - name: api
            labels: {team: pay, severity: ticket}
            rules:
              - record: job:errors:rate5m
                expr: sum by (job) (rate(errors_total[5m]))
              - alert: HighErrors
                expr: job:errors:rate5m{job="api"} > 1
                for: 1h30m
                keep_firing_for: 5m
                labels: {severity: page}
                annotations:
                  summary: Too many errors
                  runbook_url: >-
                    https://example.org/runbook
        """)
    record, alert = parsed.objects
    assert isinstance(record, RecordingRule)
    assert isinstance(alert, AlertRule)
    assert (record.name, record.line, record.expr_valid, record.labels) == (
        "job:errors:rate5m", 5, "valid", {"team": "pay", "severity": "ticket"},
    )  # fmt: skip
    assert (alert.name, alert.line, alert.group, alert.severity) == ("HighErrors", 7, "api", "page")
    assert (alert.hold, alert.hold_seconds, alert.keep_firing) == ("1h30m", 5400, "5m")
    assert alert.labels == {"team": "pay", "severity": "page"}
    assert alert.runbook == RunbookLink(key="runbook_url", value="https://example.org/runbook")
    assert alert.matchers == {"job": ("api",)}
    assert (alert.source, alert.findings, parsed.findings) == ("prometheus", (), ())


@pytest.mark.parametrize(
    ("api", "kind", "source"),
    [
        ("monitoring.coreos.com/v1", "PrometheusRule", "prometheusrule"),
        ("operator.victoriametrics.com/v1beta1", "VMRule", "vmrule"),
        ("loki.grafana.com/v1", "AlertingRule", "loki"),
        ("monitoring.googleapis.com/v1", "ClusterRules", "google"),
    ],
)
def test_custom_resources_shaped_alike_are_read(api: str, kind: str, source: str) -> None:
    parsed = read(f"""\
        apiVersion: {api}
        kind: {kind}
        metadata: {{name: a, namespace: shop, labels: {{team: pay}}, annotations: {{x: 1}}}}
        spec:
          groups:
            - name: g
              rules:
                - {{alert: A, expr: up == 0}}
        """)
    (alert,) = alerts(parsed)
    assert (alert.source, alert.namespace, alert.line) == (source, "shop", 8)
    assert (alert.object_labels, alert.object_annotations) == ({"team": "pay"}, {"x": "1"})
    assert alert.expr_valid == ("unknown" if source == "loki" else "valid")


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: example.org/v1\nkind: PrometheusRule\nspec: {groups: [{name: a, rules: [{alert: A, expr: x}]}]}",
        "apiVersion: 1\ngroups: [{name: a, rules: [{uid: u, title: t, condition: A, data: []}]}]",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {groups: [{rules: [{alert: A}]}]}",
        "groups: {name: a, rules: [{alert: A, expr: x}]}",
        "groups: [{name: a, rules: [{title: t}]}]",
        "groups: [admins, users]",
    ],
)
def test_look_alikes_are_no_rules(text: str) -> None:
    assert reading.read("a.yaml", text.encode()) == Parsed()


def test_lists_templates_and_config_maps_are_unwrapped_on_the_lines_of_the_file() -> None:
    parsed = read("""\
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: ConfigMap
            metadata: {name: rules, namespace: shop, labels: {team: pay}}
            data:
              other: text
              rules.yaml: |
                groups:
                - name: a
                  rules:
                  - alert: InBlock
                    expr: up == 0
              quoted.yaml: "groups:\\n- name: b\\n  rules:\\n  - {alert: InQuotes, expr: up}\\n"
          - apiVersion: template.openshift.io/v1
            kind: Template
            objects:
              - apiVersion: monitoring.coreos.com/v1
                kind: PrometheusRule
                spec: {groups: [{name: c, rules: [{alert: InTemplate, expr: "up > ${LIMIT}"}]}]}
        """)
    found = [(alert.name, alert.line, alert.namespace, alert.expr_valid) for alert in alerts(parsed)]
    assert found == [
        ("InBlock", 13, "shop", "valid"),
        ("InQuotes", 15, "shop", "valid"),
        ("InTemplate", 21, "", "unknown"),
    ]
    assert alerts(parsed)[0].object_labels == {"team": "pay"}


def test_rules_in_the_values_of_a_chart_are_found() -> None:
    parsed = read("""\
        kube-prometheus-stack:
          additionalPrometheusRulesMap:
            custom:
              groups:
                - name: a
                  rules: [{alert: A, expr: up == 0}]
        """)
    assert [(alert.name, alert.line) for alert in alerts(parsed)] == [("A", 6)]


@pytest.mark.parametrize(
    ("rule", "finding"),
    [
        ("alert: A\nrecord: b\nexpr: x", (5, "rule-kind")),
        ("alert: A", (4, "rule-expr")),
        ("alert: ''\nexpr: x", (4, "rule-name")),
        ("alert: A\nexpr: x\nfor: 5 minutes", (6, "rule-duration")),
        ("alert: A\nexpr: x\nfor: 5", (6, "rule-duration")),
        ("alert: A\nexpr: x\nkeep_firing_for: 1m2h", (6, "rule-duration")),
        ("alert: A\nexpr: x\nlabels:\n  a-b: c", (7, "rule-label-name")),
        ("alert: A\nexpr: x\nlabels:\n  __name__: c", (7, "rule-label-name")),
        ("alert: A\nexpr: x\nannotations: [a]", (6, "rule-shape")),
        ("alert: A\nexpr: x\nseverity: page", (6, "rule-field")),
    ],
)
def test_what_is_wrong_with_an_alert_is_told_on_its_line(rule: str, finding: tuple[int, str]) -> None:
    parsed = one_rule(rule)
    (alert,) = alerts(parsed)
    assert [(found.line, found.code) for found in alert.findings] == [finding]
    assert parsed.findings == ()


def test_what_is_wrong_elsewhere_is_a_finding_of_the_file() -> None:
    parsed = read("""\
        groups:
          - name: a
            interval: often
            colour: red
            rules:
              - record: not a metric
                expr: x
                for: 5m
              - expr: x
              - text
          - name: a
            rules: [{alert: A, expr: x}]
        """)
    assert [(found.line, found.code) for found in parsed.findings] == [
        (4, "group-field"),
        (3, "group-duration"),
        (6, "rule-name"),
        (8, "rule-field"),
        (9, "rule-kind"),
        (10, "rule-shape"),
        (11, "group-duplicate"),
    ]


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("alert: A\nexpr: sum(x", ("invalid", "unclosed left parenthesis")),
        ("alert: A\nexpr:", ("invalid", "has no expression")),
        ("alert: A\nexpr: 1", ("valid", "")),
        ("alert: A\nexpr: [1]", ("invalid", "has no expression")),
    ],
)
def test_an_expression_is_judged(rule: str, state: tuple[str, str]) -> None:
    (alert,) = alerts(one_rule(rule))
    assert (alert.expr_valid, alert.expr_error) == state


@pytest.mark.parametrize(
    ("annotations", "link"),
    [
        ("{runbook: docs/a.md}", ("runbook", "docs/a.md")),
        ("{runbook_url: null, runbook: ./a.md}", ("runbook", "./a.md")),
        ("{runbook_url: null}", ("runbook_url", "")),
        ("{runbook_url: '  '}", ("runbook_url", "")),
        ("{SOP: https://example.org}", ("SOP", "https://example.org")),
        ("{playbook_url: 'https://example.org ', sop: b}", ("playbook_url", "https://example.org")),
        ("{Runbook-URL: a}", ("Runbook-URL", "a")),
        ("{link: https://example.org/wiki/a}", ("link", "https://example.org/wiki/a")),
        ("{link: https://example.org/graph}", ("", "")),
        ("{dashboard: b}", ("", "")),
        ("[runbook]", ("", "")),
    ],
)
def test_the_runbook_is_found_under_the_keys_people_use(annotations: str, link: tuple[str, str]) -> None:
    (alert,) = alerts(one_rule(f"alert: A\nexpr: x\nannotations: {annotations}"))
    assert (alert.runbook.key, alert.runbook.value) == link


def test_a_helm_template_keeps_lines_and_knows_what_it_does_not_know() -> None:
    parsed = read(
        """\
        {{- if .Values.enabled }}
        apiVersion: monitoring.coreos.com/v1
        kind: PrometheusRule
        metadata:
          name: {{ include "name" . }}
          namespace: {{ .Values.namespace }}
        spec:
          groups:
          - name: a
            rules:
            - alert: Plain
              expr: up{job="a"} == 0
              labels:
                severity: page
                zone: {{ .Values.zone }}
              annotations:
                runbook_url: '{{`https://example.org/?pod={{ $labels.pod }}`}}'
            {{- if .Values.more }}
            - alert: {{ .Values.prefix }}More
              expr: x > {{ .Values.limit }}
              for: {{ .Values.hold }}
              labels:
                {{- include "labels" . | nindent 16 }}
            {{- end }}
        {{- end }}
        """,
        "chart/templates/rules.yaml",
    )
    plain, more = alerts(parsed)
    assert (plain.line, plain.severity, plain.expr_valid, plain.conditional) == (11, "page", "valid", True)
    assert plain.runbook.value == "https://example.org/?pod={{ $labels.pod }}"
    assert (plain.templated, plain.namespace) == (("labels.zone",), "")
    assert (more.line, more.hold, more.severity, more.expr_valid) == (19, "", "", "unknown")
    assert more.templated == ("name", "for", "expr", "severity", "labels")
    assert more.findings == ()


def test_rules_that_a_template_writes_as_a_whole_are_unreadable() -> None:
    text = """\
        apiVersion: monitoring.coreos.com/v1
        kind: PrometheusRule
        spec:
          groups:
            {{- toYaml .Values.groups | nindent 4 }}
        """
    (place,) = read(text, "templates/a.yaml").unreadable
    assert (place.group, place.line, place.reason) == ("alerting", 4, "its rules are written by a template")


def test_prometheus_templates_in_plain_yaml_are_no_helm() -> None:
    (alert,) = alerts(one_rule("alert: A\nexpr: sum(x)\nannotations: {summary: '{{ $labels.pod }} is {{ $value }}'}"))
    assert alert.annotations == {"summary": "{{ $labels.pod }} is {{ $value }}"}
    assert (alert.templated, alert.unavailable_labels) == ((), ("pod",))


def test_branches_that_set_a_key_twice_leave_the_last_and_a_conditional_rule() -> None:
    branches = "    {{ if .x }}\n    expr: x\n    {{ else }}\n    expr: y\n    {{ end }}\n"
    text = f"groups:\n- name: a\n  rules:\n  - alert: A\n{branches}"
    (alert,) = alerts(reading.read("templates/a.yaml", text.encode()))
    assert (alert.expr, alert.conditional) == ("y", True)


def test_promtool_tests_are_no_rules() -> None:
    parsed = read("""\
        rule_files: [a.rules.yml, 3]
        tests:
          - alert_rule_test:
              - {eval_time: 5m, alertname: A, exp_alerts: [{exp_labels: {}}]}
              - {eval_time: 9m, alertname: B, exp_alerts: []}
              - {eval_time: 9m, alertname: A}
              - nonsense
          - nonsense
        """)
    assert parsed.objects == (RuleTest(line=1, rule_files=("a.rules.yml",), positive=("A",), negative=("B", "A")),)


HELM = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: charted}
spec:
  groups:
    - name: plain
      rules:
        - alert: Plain
          expr: up == 0
    {}
"""
WRITTEN = {
    '- name: g\n      rules: {{- include "x.rules" . | nindent 8 }}': 11,
    '- name: g\n      rules:\n        {{- include "x.rules" . | nindent 8 }}': 11,
    "- name: g\n      rules:\n        {{- range .Values.rules }}\n        {{ toYaml . }}\n        {{- end }}": 11,
    '- name: g\n      rules:\n        - {{ include "x.rule" . }}': 12,
    '- {{ include "x.group" . }}': 10,
}


@pytest.mark.parametrize("group", WRITTEN)
def test_a_group_whose_rules_a_template_writes_is_there_and_unread(group: str) -> None:
    """Never absent: a chart whose alerts come from a helper has some."""
    parsed = reading.read("chart/templates/rules.yaml", HELM.replace("{}", group).encode())
    assert [one.name for one in alerts(parsed)] == ["Plain"]
    told = [(one.group, one.line, one.reason) for one in parsed.unreadable]
    assert told == [("alerting", WRITTEN[group], "its rules are written by a template")]


@pytest.mark.parametrize(
    "group", ["- name: empty\n      rules: []", "- name: none", "{{- if .Values.on }}\n    {{- end }}"]
)
def test_a_group_that_is_empty_itself_hides_nothing(group: str) -> None:
    parsed = reading.read("chart/templates/rules.yaml", HELM.replace("{}", group).encode())
    assert parsed.unreadable == ()
