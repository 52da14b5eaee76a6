"""What files say: the objects that readers return. Readers are pure: text in, objects, problems or unreadables out.

An object knows its line but not its path: the same blob is parsed once wherever it lies. `facts.inventory` adds place.
Every class here is a frozen dataclass whose fields are JSON-ready (text, numbers, booleans, tuples, dicts, other
objects), so that `body()` and `from_body()` carry it through the store. Nothing secret is ever kept in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem inside one text: the path is added by whoever knows it."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something of a fact group (alerting, slo, runbooks …) is here but can't be read."""

    group: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """Base of everything a reader returns. `ignored` is a reason found in the content itself (a template skeleton)."""

    kind: ClassVar[str]
    line: int
    ignored: str = ""

    def body(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Object):
    """A piece that says little alone (a manifest, an overlay, a Terraform file). Pieces of a whole snapshot are put
    together by `facts.assembly`, whose objects take their place; a part itself is cached, and never stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookLink:
    """The annotation that links a runbook: which key, which value as written (stripped). Both empty when none."""

    key: str = ""
    value: str = ""


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
    runbook: RunbookLink = RunbookLink()
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
class Objective(Object):
    """One objective of an SLO document, whatever the format, in common units.

    `ratio` is 0..1 (−1 when it can't be read as one); `window` as Prometheus writes it ("" unknown), `window_assumed`
    when the format leaves it to its tool. `signal`: availability, latency, freshness or "" (can't tell).
    `sli_valid`: "valid", "invalid", "unknown"; `sli_error` says why. `page_alert` / `slow_alert` / `absence_alert`:
    alerts that the format's own tool generates. `burn_windows` counts the long windows alerted on.
    `findings` are problems of this objective; codes begin `objective-`, `window-`, `sli-`, `alert-` or `slo-`.
    """

    kind: ClassVar[str] = "objective"
    name: str
    slo: str
    """The document's own name; `name` adds the objective's when there are several."""
    format: str
    service: str
    ratio: float
    window: str = ""
    window_seconds: int = 0
    window_assumed: bool = False
    calendar: bool = False
    signal: str = ""
    metrics: tuple[str, ...] = ()
    sli_valid: str = "unknown"
    sli_error: str = ""
    page_alert: bool = False
    slow_alert: bool = False
    absence_alert: bool = False
    burn_windows: int = 0
    severities: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    """Names of alert policies that stand in documents of their own."""
    indicator_ref: str = ""
    """Name of an OpenSLO indicator that stands in a document of its own."""
    runbook: RunbookLink = RunbookLink()
    labels: Mapping[str, str]
    object_labels: Mapping[str, str]
    object_annotations: Mapping[str, str]
    namespace: str = ""
    description: str = ""
    templated: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy(Object):
    """A burn-rate alert policy of OpenSLO that stands alone, to be joined with objectives by name.

    With a `condition_ref` its condition is an `AlertCondition`; until joined, `operator` is "" and the numbers are 0.
    """

    kind: ClassVar[str] = "alert_policy"
    name: str
    format: str
    operator: str
    threshold: float
    window: str
    window_seconds: int
    severity: str = ""
    condition_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCondition(Object):
    """A burn-rate condition of OpenSLO that stands alone, to be joined with alert policies by name."""

    kind: ClassVar[str] = "alert_condition"
    name: str
    format: str
    operator: str
    threshold: float
    window: str
    window_seconds: int
    severity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Object):
    """An SLI of OpenSLO that stands alone, to be joined with objectives by name. Fields as in `Objective`."""

    kind: ClassVar[str] = "indicator"
    name: str
    format: str
    signal: str = ""
    metrics: tuple[str, ...] = ()
    sli_valid: str = "unknown"
    sli_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading and what stands under it. `topics` are synonym groups the heading falls in (see formats.runbooks).

    `words`, `links`, `commands` (code blocks or spans that look like a command) and `steps` (numbered or bulleted
    items) count the section's own text and that of its sub-sections.
    """

    title: str
    level: int
    line: int
    anchor: str
    topics: tuple[str, ...] = ()
    words: int = 0
    links: int = 0
    commands: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook(Object):
    """One Markdown document that may be a runbook (or an error-budget policy: `document_type`).

    `document_type`: "runbook", "error-budget-policy" or "document" (any other page: kept only as the target of links).
    The last word on "is this a runbook" needs the path and lies with facts. `reviewed_at`, `revisit_at` and
    `approved_at` are ISO dates from the front matter or text, or "". `anchors` holds every anchor of the page.
    """

    kind: ClassVar[str] = "runbook"
    title: str
    document_type: str = "document"
    sections: tuple[Section, ...] = ()
    anchors: tuple[str, ...] = ()
    words: int = 0
    topics: tuple[str, ...] = ()
    stub: str = ""
    """Why it is a stub ("13 words", "only placeholders", "deprecated"), or ""."""
    reviewed_at: str = ""
    review_by: str = ""
    revisit_at: str = ""
    approved_at: str = ""
    consequence: bool = False
    exceptions: bool = False
    approver: bool = False
    contacts: tuple[str, ...] = ()
    """Kinds of contact in the escalation section: url, email, chat, pager, phone. Never the value."""
    alerts: tuple[str, ...] = ()
    """Alert names that stand in headings: `## HighErrorRate`, `Alert Name: "X"`."""
    front_matter: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRule:
    line: int
    pattern: str
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOwners(Object):
    """A CODEOWNERS file. Only the first of `.github/`, root, `docs/` counts: that is decided where paths are known."""

    kind: ClassVar[str] = "codeowners"
    rules: tuple[OwnerRule, ...]
    findings: tuple[Finding, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that one text says."""

    objects: tuple[Object, ...] = ()
    findings: tuple[Finding, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
