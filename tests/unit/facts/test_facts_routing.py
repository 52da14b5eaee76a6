"""Whether an alert reaches a pager, by the configurations in git."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from app.facts.model import Reason
from app.facts.retrievers import alerting

PAYMENTS = "component:default/payments"
CENTRAL = "https://git.example.org/ops/alertmanager"
CONFIG = """\
route:
  receiver: chat
  routes:
    - matchers: [team="pay", severity=~"page|critical"]
      receiver: pay-pager
    - matchers: [severity="high"]
      receiver: hook
    - matchers: [severity="s1"]
      receiver: night-off
      mute_time_intervals: [nights]
    - matchers: [cluster="prod", severity="s2"]
      receiver: pay-pager
receivers:
  - {name: chat, slack_configs: [{channel: '#x'}]}
  - {name: pay-pager, pagerduty_configs: [{routing_key: k}]}
  - {name: hook, webhook_configs: [{url: 'https://hook.example'}]}
  - {name: night-off, pagerduty_configs: [{routing_key: k}]}
"""
RULE = """\
groups:
  - name: g
    rules:
      - alert: Down
        expr: EXPR
        labels: {LABELS}
"""
SUM = "sum(rate(errors_total[5m])) > 1"


@pytest.fixture
def route(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> Callable[..., dict[str, Any]]:
    """The item of one alert with these labels and this expression."""

    def of(labels: str, expr: str = SUM, config: str = CONFIG, path: str = "alertmanager.yml") -> dict[str, Any]:
        files = {**service_files, "alerts.yaml": RULE.replace("EXPR", expr).replace("LABELS", labels)}
        look = looked(files, snapshot({path: config}, url=CENTRAL))
        look.world.evidence = {CENTRAL: frozenset({"alertmanager_config"})}
        (item,) = alerting.retrieve(look.entity(PAYMENTS), look.world, now).values["alerting.routes"]
        assert isinstance(item, dict)
        return item

    return of


def test_the_item_points_at_the_route_and_names_the_rule(route: Callable[..., dict[str, Any]]) -> None:
    item = route("severity: page, team: pay")

    assert (item["name"], item["severity"], item["receiver"]) == ("Down", "page", "pay-pager")
    assert (item["repository"], item["path"], item["line"]) == (CENTRAL, "alertmanager.yml", 4)
    assert (item["rule_path"], item["rule_line"]) == ("alerts.yaml", 4)
    assert item["integrations"] == ["pagerduty"]
    assert "unknown" not in item


@pytest.mark.parametrize(
    ("labels", "pages", "opaque", "default", "muted"),
    [
        ("severity: page, team: pay", True, False, False, False),
        ("severity: page, team: other", False, False, True, False),
        ("severity: page", False, False, True, False),
        ("severity: high", False, True, False, False),
        ("severity: s1", True, False, False, True),
    ],
)
def test_labels_decide_where_an_alert_ends(
    route: Callable[..., dict[str, Any]], labels: str, pages: bool, opaque: bool, default: bool, muted: bool
) -> None:
    item = route(labels)

    assert [item[key] for key in ("pages", "opaque", "default", "muted")] == [pages, opaque, default, muted]


@pytest.mark.parametrize(
    ("labels", "expr", "open_label"),
    [
        ("severity: page", "rate(errors_total[5m]) > 1", "team"),
        ("severity: page", "sum by (team) (rate(errors_total[5m])) > 1", "team"),
        ('severity: page, team: "{{ $labels.owner }}"', SUM, "team"),
        ("severity: s2", SUM, "cluster"),
    ],
)
def test_a_label_that_may_come_from_elsewhere_leaves_the_route_unknown(
    route: Callable[..., dict[str, Any]], labels: str, expr: str, open_label: str
) -> None:
    item = route(labels, expr)

    assert "pages" not in item
    assert item["unknown"]["pages"] == f"its route depends on labels that the rule doesn't set: {open_label}"


def test_a_label_that_the_expression_compares_with_is_known(route: Callable[..., dict[str, Any]]) -> None:
    assert route("severity: page", 'rate(errors_total{team="pay"}[5m]) > 1')["pages"]
    assert route("severity: page", 'sum(rate(errors_total{team="pay"}[5m])) > 1')["default"]


def test_a_tree_that_a_template_writes_is_unknown(route: Callable[..., dict[str, Any]]) -> None:
    config = CONFIG.replace("  routes:\n", '  routes:\n    {{- include "more" . | nindent 4 }}\n')

    item = route("severity: page, team: pay", config=config, path="chart/templates/alertmanager.yaml")

    assert item["unknown"]["pages"] == "parts of the routing tree are written by a template"


def test_of_several_configurations_one_that_pages_is_enough(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    staging = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
    rule = RULE.replace("EXPR", SUM).replace("LABELS", "severity: page, team: pay")
    look = looked({**service_files, "alerts.yaml": rule}, snapshot({"a.yml": staging, "b.yml": CONFIG}, url=CENTRAL))
    look.world.evidence = {CENTRAL: frozenset({"alertmanager_config"})}

    (item,) = alerting.retrieve(look.entity(PAYMENTS), look.world, now).values["alerting.routes"]

    assert (item["path"], item["pages"]) == ("b.yml", True)


def test_a_configuration_elsewhere_says_nothing_about_this_service(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files, snapshot({"alertmanager.yml": CONFIG}, url=CENTRAL))

    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.unknown["alerting.routes"].reason is Reason.NOT_CONNECTED
    assert seen.unknown["alerting.routes"].message == alerting.NO_ROUTING


def test_the_configuration_in_the_services_own_folder_counts(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    rule = RULE.replace("EXPR", SUM).replace("LABELS", "severity: page, team: pay")
    look = looked({**service_files, "alerts.yaml": rule, "alertmanager.yml": CONFIG})

    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert [item["pages"] for item in seen.values["alerting.routes"]] == [True]
    assert "alertmanager.yml" in {read.path for read in seen.reads}


def test_alerts_that_a_tool_makes_have_labels_that_are_not_seen(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    sloth = """\
version: prometheus/v1
service: payments
slos:
  - name: requests
    objective: 99.9
    description: Requests succeed.
    sli: {events: {error_query: 'sum(rate(e[{{.window}}]))', total_query: 'sum(rate(t[{{.window}}]))'}}
    alerting: {name: Budget}
"""
    del service_files["alerts.yaml"]
    look = looked({**service_files, "slo.yaml": sloth, "alertmanager.yml": CONFIG})

    items = alerting.retrieve(look.entity(PAYMENTS), look.world, now).values["alerting.routes"]

    assert {item["unknown"]["pages"] for item in items} == {"its labels are made by the tool of its objective"}


def test_a_configuration_in_examples_routes_nobodys_alerts(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    rule = RULE.replace("EXPR", SUM).replace("LABELS", "{team: pay, severity: page}")
    example = {**service_files, "alerts.yaml": rule, "examples/alertmanager.yml": CONFIG}

    look = looked(example)
    alone = alerting.retrieve(look.entity(PAYMENTS), look.world, now)
    look = looked({**example, "ops/alertmanager.yml": CONFIG})
    beside = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert alone.unknown["alerting.routes"].reason is Reason.NOT_CONNECTED
    assert [item["path"] for item in beside.values["alerting.routes"]] == ["ops/alertmanager.yml"]
