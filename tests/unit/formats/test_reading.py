"""The table of readers: what is wanted, what a file gives, and that no file breaks it."""

from __future__ import annotations

import json

import pytest
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.formats import reading
from app.formats.loading import load_documents
from app.formats.model import AlertRule, Finding, Parsed, RecordingRule, Unreadable

RESOURCE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
spec:
  groups: [{name: a, rules: [{alert: A, expr: up}]}]
"""
RULES = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.yaml", "yaml"),
        ("a/b.YML", "yaml"),
        ("chart/templates/a.yaml", "yaml-template"),
        ("a.rules", "yaml"),
        ("a.json", "json"),
        ("README.md", "markdown"),
        ("mixin/alerts.libsonnet", "jsonnet"),
        ("CODEOWNERS", "codeowners"),
        (".github/CODEOWNERS", "codeowners"),
        ("src/CODEOWNERS", ""),
        ("_helpers.tpl", ""),
        ("main.py", ""),
    ],
)
def test_a_name_says_what_a_file_may_be(path: str, kind: str) -> None:
    assert reading.name_class(path) == kind
    assert reading.wants(path) is (kind != "")


@pytest.mark.parametrize("path", ["package-lock.json", "web/node_modules/a/b.yaml", "tsconfig.base.json"])
def test_noise_is_not_wanted(path: str) -> None:
    assert reading.wants(path) is False


def test_jsonnet_with_alerts_is_there_but_unreadable() -> None:
    data = b"{\n  prometheusAlerts+:: {\n    groups+: [{ rules: [{ alert: 'Down', expr: 'up == 0' }] }],\n"
    assert reading.read("a.libsonnet", data).unreadable == (
        Unreadable("alerting", 3, "is Jsonnet, which is not evaluated"),
    )
    assert reading.read("a.libsonnet", b"{ alert: self.name }") == Parsed()


def test_only_the_first_document_of_a_native_file_counts() -> None:
    parsed = reading.read("a.yaml", f"{RULES}---\n{RULES}".encode())
    assert len(parsed.objects) == 1
    assert [(found.line, found.code) for found in parsed.findings] == [(6, "second-document-ignored")]


def test_every_document_of_custom_resources_counts() -> None:
    parsed = reading.read("a.yaml", f"{RESOURCE}---\n{RESOURCE}".encode())
    assert [thing.line for thing in parsed.objects] == [4, 9]
    assert parsed.findings == ()


def test_a_broken_rule_file_is_unreadable_and_told_once() -> None:
    parsed = reading.read("a.yaml", f"{RULES}    for: [\n---\na: [\n".encode())
    assert [place.group for place in parsed.unreadable] == ["alerting"]
    assert [found.code for found in parsed.findings] == ["yaml-invalid"]


def test_a_broken_file_of_another_kind_is_only_a_finding() -> None:
    assert reading.read("a.yaml", b"a: 1\nb: [\n") == Parsed(
        findings=(Finding(3, "yaml-invalid", "can't be read: did not find expected node content"),)
    )


def test_a_broken_template_of_another_kind_is_nobodys_problem() -> None:
    assert reading.read("templates/deployment.yaml", b"a: [\n{{ toYaml .x }}\n") == Parsed()


def test_a_duplicate_key_is_told_and_the_rules_are_read_all_the_same() -> None:
    parsed = reading.read("a.yaml", f"{RULES}    expr: up == 1\n".encode())
    (alert,) = parsed.objects
    assert isinstance(alert, AlertRule)
    assert alert.expr == "up == 1"
    assert [(found.line, found.code) for found in parsed.findings] == [(6, "yaml-duplicate-key")]


def test_one_broken_document_costs_its_neighbours_nothing() -> None:
    parsed = reading.read("a.yaml", f"a: [\n---\n{RESOURCE}".encode())
    assert [thing.line for thing in parsed.objects] == [6]
    assert [found.code for found in parsed.findings] == ["yaml-invalid"]


def test_a_duplicate_key_in_a_file_that_says_nothing_here_is_no_problem_of_ours() -> None:
    assert reading.read(".golangci.yml", b"linters: a\nlinters: b\n") == Parsed()
    assert reading.read("catalog-info.yaml", b"apiVersion: backstage.io/v1alpha1\na: 1\na: 2\n").findings


def test_the_documents_of_a_file_with_namespaces_all_count_since_another_tool_loads_it() -> None:
    one = b"namespace: a\ngroups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"

    parsed = reading.read("rules.yaml", one + b"---\n" + one.replace(b"namespace: a", b"namespace: b"))

    assert [(thing.name, thing.line) for thing in parsed.objects] == [("A", 2), ("A", 5)]  # type: ignore[attr-defined]
    assert parsed.findings == ()


def test_a_template_that_prints_rule_files_of_its_chart_hides_nothing() -> None:
    head = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec:\n  groups:\n"
    included = '{{- range $path, $_ := .Files.Glob "rules/*.yaml" }}\n{{ $.Files.Get $path | nindent 2 }}\n{{- end }}\n'
    computed = "{{ toYaml .Values.groups | nindent 4 }}\n"

    assert reading.read("chart/templates/rules.yaml", (head + included).encode()).unreadable == ()
    assert reading.read("chart/templates/rules.yaml", (head + included + computed).encode()).unreadable
    assert reading.read("chart/templates/rules.yaml", (head + computed).encode()).unreadable


def test_groups_that_a_base_leaves_to_its_patches_are_no_problem() -> None:
    base = b"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec: {groups: {}}\n"

    assert reading.read("base/rules.yaml", base) == Parsed()


PATCH = """\
- op: replace
  path: /spec/groups
  value:
    - name: capacity
      rules:
        - record: node:cpu:sum
          expr: sum(node_cpu)
- op: add
  path: /spec/groups/-
  value:
    name: alerts
    rules:
      - alert: NodeFull
        expr: node:cpu:sum > 1
- op: remove
  path: /spec/groups/0
- op: add
  path: /metadata/labels
  value: {a: b}
"""


def test_rule_groups_in_a_json_patch_are_read_where_they_stand() -> None:
    found = reading.read("overlays/prod/patch.yaml", PATCH.encode())

    rules = [thing for thing in found.objects if isinstance(thing, AlertRule | RecordingRule)]
    named = [(thing.kind, thing.name, thing.group, thing.line) for thing in rules]
    assert named == [("recording_rule", "node:cpu:sum", "capacity", 6), ("alert_rule", "NodeFull", "alerts", 13)]
    assert found.findings == ()


def test_a_skeleton_is_read_and_ignored() -> None:
    text = RULES.replace("alert: A", "alert: ${{ values.name }}Down")
    (alert,) = reading.read("a.yaml", text.encode()).objects
    assert alert.ignored == "is a template skeleton, filled in when a new project is made from it"


def test_schemas_of_custom_resources_are_left_out_and_lines_hold() -> None:
    schema = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: [broken\n"
    loaded = load_documents("a.yaml", f"{schema}---\nkind: Other\napiVersion: v1\n".encode())
    assert [(document.value, document.line) for document in loaded.documents if document.value] == [
        ({"kind": "Other", "apiVersion": "v1"}, 4)
    ]
    assert (loaded.findings, loaded.templated) == ((), False)


def test_documents_loaded_once_give_the_same_as_reading() -> None:
    path, data = "templates/a.yaml", f"{{{{ if .x }}}}\n{RULES}{{{{ end }}}}\n".encode()
    loaded = load_documents(path, data)
    assert loaded.templated is True
    assert reading.read_documents(loaded) == reading.read(path, data)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"a: &a [x]\nb: [*a, *a]\nkind: List\nitems: *a\n",
        b"groups:\n- rules: [{alert: [1], expr: {a: 1}, labels: 3, annotations: {a: [1]}, for: {}}]\n",
        b"groups:\n- rules: [{alert: 1, expr: 0x" + b"f" * 5000 + b"}]\n  name: {a: b}\n",
        b"kind: List\napiVersion: v1\nitems: [3, null, [], {kind: ConfigMap, data: [x]}, {kind: Secret, data: 7}]\n",
        b"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: 3\nspec: {groups: 7}\n",
        b"route: {routes: [3, {match: [x], matchers: {a: b}}]}\nreceivers: [3, {name: 4}]\n",
        b"rule_files: 3\ntests: [3, {alert_rule_test: 4}, {alert_rule_test: [5]}]\n",
    ],
)
@pytest.mark.parametrize("path", ["a.yaml", "templates/a.yaml", "a.json", "a.md", "CODEOWNERS", "a.jsonnet"])
def test_odd_shapes_are_survived(path: str, data: bytes) -> None:
    assert isinstance(reading.read(path, data), Parsed)


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.text("aA{}$.:_", max_size=6),
    st.sampled_from(["5m", "up == 0", "v1"]),
)
_RULE_KEYS = ("groups", "rules", "name", "alert", "record", "expr", "for", "labels", "annotations")
_OBJECT_KEYS = ("kind", "apiVersion", "spec", "metadata", "items", "objects", "data", "stringData", "config")
_OTHER_KEYS = (
    "route",
    "routes",
    "receivers",
    "matchers",
    "match",
    "receiver",
    "tests",
    "rule_files",
    "alert_rule_test",
)
_KEYS = st.sampled_from((*_RULE_KEYS, *_OBJECT_KEYS, *_OTHER_KEYS, "exp_alerts"))
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=5)),
    max_leaves=25,
)


_KINDS = [
    "PrometheusRule",
    "ConfigMap",
    "List",
    "Secret",
    "AlertmanagerConfig",
    "Template",
    "HelmRelease",
    "Application",
]


@often(150)
@given(_VALUES, st.sampled_from(_KINDS))
def test_no_document_makes_it_raise(value: object, kind: str) -> None:
    wrapped = {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "spec": value, "items": value, "data": value}
    for document in (
        value,
        wrapped,
        {"groups": [{"rules": [value, {"alert": value, "expr": value, "labels": value}]}]},
    ):
        assert isinstance(reading.read("a.yaml", json.dumps(document).encode()), Parsed)


@often(150)
@given(st.text("groups:alert- {}[]|>&*!%@`\"'\n\t#,?expr<", max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    for path in ("a.yaml", "templates/a.yaml", "a.json"):
        assert isinstance(reading.read(path, text.encode()), Parsed)


def test_what_is_wrong_in_a_generated_file_is_to_be_mended_at_its_source() -> None:
    rules = (
        b"groups: [{name: g, rules: [{record: a, expr: b}]}]\n---\ngroups: [{name: h, rules: [{record: c, expr: d}]}]\n"
    )
    head = b"# Code generated by Sloth (v0.11.0): https://github.com/slok/sloth.\n# DO NOT EDIT.\n"
    plain, made = (reading.read("rules.yaml", text).findings for text in (rules, head + rules))

    assert [one.code for one in made] == [one.code for one in plain] == ["second-document-ignored"]
    assert [one.message for one in made] == [one.message + reading.GENERATED for one in plain]
