"""Alertmanager's configuration in all its wrappings; its secrets never leave the reader."""

from __future__ import annotations

import base64
import json

import pytest

from app.formats import alertmanager_matchers, reading
from app.formats.model import AlertmanagerConfig, Parsed, Receiver
from app.lib import patterns

SECRET = "0123456789abcdef0123456789abcdef"
CONFIG = f"""\
global: {{slack_api_url: https://hooks.example.org/{SECRET}}}
route:
  receiver: default
  routes:
    - matchers: [severity="page"]
      receiver: pager
      continue: true
      routes:
        - match: {{team: pay}}
          receiver: pay
    - match_re: {{severity: page|ticket}}
    - matchers: ['{{team!~"a.*", env=}}']
      receiver: blackhole
receivers:
  - name: default
    slack_configs: [{{api_url: https://hooks.example.org/{SECRET}}}]
  - name: pager
    pagerduty_configs: [{{routing_key: {SECRET}}}]
    webhook_configs: [{{url: https://example.org/{SECRET}}}]
  - name: pay
    opsgenie_configs: [{{api_key: {SECRET}}}]
  - name: blackhole
    email_configs: []
"""
RECEIVERS = (
    Receiver(name="default", integrations=("slack",)),
    Receiver(name="pager", integrations=("pagerduty", "webhook")),
    Receiver(name="pay", integrations=("opsgenie",)),
    Receiver(name="blackhole", integrations=()),
)


def config(text: str) -> AlertmanagerConfig:
    (found,) = reading.read("alertmanager.yaml", text.encode()).objects
    assert isinstance(found, AlertmanagerConfig)
    return found


def indented(text: str, spaces: int) -> str:
    return "".join(" " * spaces + line for line in text.splitlines(keepends=True))


def test_a_file_gives_its_tree_and_receivers() -> None:
    found = config(CONFIG)
    assert found.receivers == RECEIVERS
    assert [child["matchers"] for child in found.route["routes"]] == [
        [["severity", "=", "page"]],
        [["severity", "=~", "page|ticket"]],
        [["team", "!~", "a.*"], ["env", "=", ""]],
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CONFIG, 1),
        (f"kind: Secret\napiVersion: v1\nstringData:\n  alertmanager.yaml: |\n{indented(CONFIG, 4)}", 5),
        (
            "kind: Secret\napiVersion: v1\ndata:\n  alertmanager.yaml: " + base64.b64encode(CONFIG.encode()).decode(),
            4,
        ),
        (f"kind: ConfigMap\napiVersion: v1\ndata:\n  config.yml: |\n{indented(CONFIG, 4)}", 5),
        (f"alertmanager:\n  config:\n{indented(CONFIG, 4)}", 2),
    ],
)
def test_no_wrapping_hides_it_and_no_secret_gets_out(text: str, line: int) -> None:
    found = config(text)
    assert (found.receivers, found.line) == (RECEIVERS, line)
    assert SECRET not in json.dumps(found.body())
    assert "hooks.example.org" not in json.dumps(found.body())


def test_the_custom_resource_is_narrowed_to_its_namespace() -> None:
    found = config("""\
apiVersion: monitoring.coreos.com/v1beta1
kind: AlertmanagerConfig
metadata: {name: a, namespace: shop}
spec:
  route:
    receiver: pager
    routes: [{receiver: other, matchers: [{name: team, matchType: =, value: pay}, {name: x, value: y, regex: true}]}]
  receivers: [{name: pager, pagerdutyConfigs: [{routingKey: {name: s, key: k}}]}]
""")
    assert found.receivers == (Receiver(name="pager", integrations=("pagerduty",)),)
    assert found.namespace == "shop"
    assert found.route["routes"][0]["matchers"] == [["team", "=", "pay"], ["x", "=~", "y"]]
    assert found.route["matchers"] == [["namespace", "=", "shop"]]


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ('a="b"', [["a", "=", "b"]]),
        ('{a="b",c=~"d|e",}', [["a", "=", "b"], ["c", "=~", "d|e"]]),
        ("a != b c", [["a", "!=", "b c"]]),
        ('"é ü"!~"x\\"y"', [["é ü", "!~", 'x"y']]),
        ("a=", [["a", "=", ""]]),
        ("", []),
    ],
)
def test_matchers_are_read_in_both_grammars(text: str, matchers: list[list[str]]) -> None:
    assert alertmanager_matchers.parse(text) == matchers


@pytest.mark.parametrize("item", ["a", '="b"', 'a="b', 7, {"value": "x"}, {"name": "a", "matchType": "~"}, "a" * 9000])
def test_what_is_no_matcher_is_refused(item: object) -> None:
    with pytest.raises(ValueError, match=r"matcher|matchType"):
        alertmanager_matchers.parse(item)


def test_a_matcher_that_cannot_be_read_is_told() -> None:
    text = "route:\n  receiver: a\n  routes:\n    - receiver: b\n      matchers: [nonsense]\nreceivers: [{name: a}]\n"
    parsed = reading.read("a.yaml", text.encode())
    assert [(found.line, found.code) for found in parsed.findings] == [(5, "route-matcher")]


@pytest.mark.parametrize(
    "text",
    ["route: {}\nreceivers: {}", "route: []\nreceivers: []", "kind: Secret\ndata: {a.yaml: '%%%'}", "receivers: []"],
)
def test_what_is_no_configuration_is_left_alone(text: str) -> None:
    assert reading.read("a.yaml", text.encode()) == Parsed()


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("a|b", "b", True), ("a|b", "ba", False), ("(a+)+$", "a" * 5000 + "!", False), ("(", "", None), ("", "", True)],
)
def test_strangers_patterns_match_whole_texts_in_linear_time(pattern: str, text: str, expected: bool | None) -> None:
    assert patterns.full_match(pattern, text) is expected
