"""Alerting and recording rules, their tests, and where Alertmanager sends what fires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from app.formats.model.base import NO_LINK, Finding, Object, RunbookLink


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRatePair:
    """Two windows joined by `and` on the same threshold: the bare number compared with (0: it is computed)."""

    long: str
    short: str
    operator: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule(Object):
    """One alerting rule. Group labels are merged under rule labels. Durations as Prometheus writes them.

    `expr_valid`: "valid", "invalid" or "unknown" (a template, LogQL, MetricsQL), `expr_error` says why.
    `templated` names the fields that hold a template which can't be resolved (their value is then unknown).
    `source` is prometheus, prometheusrule, vmrule, loki, google, …; `conditional`: stands in a Helm `if`/`range`.
    `metrics` and `matchers` come from the expression's AST; `range_seconds` is its longest window.
    `instant`: it reads a metric over no window and without a clock, so that a single sample decides.
    """

    kind: ClassVar[str] = "alert_rule"
    name: str
    group: str
    expr: str
    expr_valid: str
    expr_error: str = ""
    severity: str = ""
    hold: str = ""
    hold_seconds: int = 0
    keep_firing: str = ""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    runbook: RunbookLink = NO_LINK
    burn_rates: tuple[BurnRatePair, ...] = ()
    covers_absence: bool = False
    range_seconds: int = 0
    instant: bool = False
    metrics: tuple[str, ...] = ()
    matchers: Mapping[str, tuple[str, ...]]
    """label → values compared with `=` in the expression's selectors."""
    unavailable_labels: tuple[str, ...] = ()
    """`$labels.x` used in annotations though the expression aggregates `x` away."""
    templated: tuple[str, ...] = ()
    conditional: bool = False
    source: str = "prometheus"
    namespace: str = ""
    """metadata.namespace of the custom resource, or empty."""
    object_labels: Mapping[str, str]
    """metadata.labels of the custom resource, for attribution."""
    object_annotations: Mapping[str, str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule(Object):
    kind: ClassVar[str] = "recording_rule"
    name: str
    group: str
    expr: str
    expr_valid: str
    expr_error: str = ""
    labels: Mapping[str, str]
    source: str = "prometheus"
    namespace: str = ""
    object_labels: Mapping[str, str]
    object_annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest(Object):
    """A promtool unit test file: which alerts it expects to fire (`positive`) and which to stay silent (`negative`)."""

    kind: ClassVar[str] = "rule_test"
    rule_files: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An Alertmanager receiver: the kinds of integration it has (pagerduty, webhook, slack …), no secrets."""

    name: str
    integrations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerConfig(Object):
    """`route` is the tree as plain data: {receiver, matchers: [[name, op, value]], continue, line, intervals, routes}.

    `intervals` names the times at which a route is silent. `namespaced`: the tree is for alerts of one namespace alone,
    even where the file doesn't say which. `templated`: a template writes lines that aren't seen here.
    """

    kind: ClassVar[str] = "alertmanager_config"
    route: Mapping[str, Any]
    receivers: tuple[Receiver, ...]
    namespace: str = ""
    namespaced: bool = False
    templated: bool = False
