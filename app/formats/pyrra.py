"""Pyrra's ServiceLevelObjective. Targets are percentages written as text; alerts are generated unless switched off.

Source: Pyrra's kubernetes/api/v1alpha1 and slo/rules.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.formats.model import Finding, Objective, Parsed
from app.formats.promql import parse
from app.formats.slo_common import Sli, finding, mapping, signal_of, templated, text, texts
from app.lib.documents import Document, line_of
from app.slo import objective as targets
from app.slo import window as windows

NAME = "pyrra"
_PARTS = {
    "ratio": (("errors", "total"), "availability"),
    "latency": (("success", "total"), "latency"),
    "latencyNative": (("total",), "latency"),
    "bool_gauge": ((), "availability"),
}
_SEVERITIES = ("fastBurn", "mediumBurn", "slowBurn", "longTermBurn")


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict) or value.get("kind") != "ServiceLevelObjective":
        return False
    return str(value.get("apiVersion", "")).startswith("pyrra.dev/")


def read(document: Document) -> Parsed:
    value = document.value
    metadata, spec = mapping(value, "metadata"), mapping(value, "spec")
    name, labels = text(metadata, "name"), texts(metadata, "labels")
    hidden = templated(name=name, target=spec.get("target"), window=spec.get("window"))
    target = targets.from_percent(spec.get("target"))
    window, seconds, window_problem = _window(spec)
    sli, kind = _sli(spec)
    findings: list[Finding] = []
    if target.code and "target" not in hidden:
        findings.append(finding(spec, "target", target.code, target.message))
    if window_problem and "window" not in hidden:
        findings.append(finding(spec, "window", "window-invalid", window_problem))
    if sli.valid == "invalid":
        findings.append(finding(spec, "indicator", "sli-query", sli.error))
    alerting = mapping(spec, "alerting")
    burns = alerting.get("burnrates") is not False and alerting.get("disabled") is not True
    objective = Objective(
        line=line_of(value),
        name=name,
        slo=name,
        format=NAME,
        service=labels.get("pyrra.dev/service", ""),
        ratio=-1.0 if "target" in hidden else target.ratio,
        window=window,
        window_seconds=seconds,
        signal=sli.signal or kind,
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        page_alert=burns,
        slow_alert=burns,
        absence_alert=alerting.get("absent") is not False and alerting.get("disabled") is not True,
        burn_windows=4 if burns else 0,
        severities=tuple(
            dict.fromkeys(filter(None, (text(mapping(alerting, "severities"), key) for key in _SEVERITIES)))
        ),
        labels={key.removeprefix("pyrra.dev/"): value for key, value in labels.items()},
        object_labels=labels,
        object_annotations=texts(metadata, "annotations"),
        namespace=text(metadata, "namespace"),
        description=text(spec, "description"),
        templated=hidden,
        findings=tuple(findings),
    )
    return Parsed(objects=(objective,))


def _window(spec: Mapping[str, Any]) -> tuple[str, int, str]:
    try:
        return (*windows.prometheus(text(spec, "window")), "")
    except ValueError as error:
        return "", 0, str(error)


def _sli(spec: Mapping[str, Any]) -> tuple[Sli, str]:
    """The indicator: exactly one kind, each metric a bare selector (Pyrra wraps it itself)."""
    indicator = mapping(spec, "indicator")
    kinds = [kind for kind in _PARTS if mapping(indicator, kind)]
    if len(kinds) != 1:
        return Sli("invalid", f"an indicator needs exactly one of {', '.join(_PARTS)}"), ""
    parts, signal = _PARTS[kinds[0]]
    node = mapping(indicator, kinds[0])
    selectors = [text(mapping(node, part), "metric") for part in parts] if parts else [text(node, "metric")]
    metrics: dict[str, None] = {}
    for part, selector in zip(parts or ("metric",), selectors, strict=True):
        expression = parse(selector) if selector else None
        if expression is None or expression.valid == "invalid":
            return Sli("invalid", f"{kinds[0]}.{part} needs a metric selector", signal), signal
        if expression.valid == "unknown":
            return Sli("unknown", expression.error, signal), signal
        if "(" in selector.split("{")[0]:
            return Sli("invalid", f"{kinds[0]}.{part} must be a bare selector, without functions", signal), signal
        metrics |= dict.fromkeys(expression.metrics)
    if len(selectors) == 2 and selectors[0] == selectors[1]:
        return Sli("invalid", f"{parts[0]} and {parts[1]} are the same metric", signal, tuple(metrics)), signal
    if signal == "availability" and signal_of(" ".join(selectors)) == "freshness":
        signal = "freshness"
    return Sli("valid", "", signal, tuple(metrics)), signal
