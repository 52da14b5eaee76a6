"""Objectives of every SLO format in common units, and the parts of OpenSLO that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.formats.model.base import NO_LINK, Finding, Object, RunbookLink


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
    runbook: RunbookLink = NO_LINK
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
