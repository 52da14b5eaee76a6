"""Pyrra's ServiceLevelObjective. Targets are percentages written as text; alerts are generated unless switched off.

Source: Pyrra's kubernetes/api/v1alpha1/servicelevelobjective_types.go and slo/rules.go. Metrics are bare selectors,
which Pyrra wraps itself. There is no service field: labels tell, or nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as pp

from app.formats import promql
from app.formats.model import Finding, Objective, Parsed
from app.formats.slo_common import finding, mapping, short, templated, text, texts
from app.formats.slo_queries import Sli, signal_of
from app.lib.documents import Document, line_of
from app.lib.times import parse_duration
from app.slo import objective as targets
from app.slo import window as windows
from app.slo.objective import number_of

NAME = "pyrra"
_PARTS = {
    "ratio": ("errors", "total"),
    "latency": ("success", "total"),
    "latencyNative": ("total",),
    "bool_gauge": (),
}
_SIGNALS = {"ratio": "availability", "latency": "latency", "latencyNative": "latency", "bool_gauge": "availability"}
_SERVICE_LABELS = ("pyrra.dev/service", "app.kubernetes.io/name", "app", "k8s-app")
_SEVERITIES = (
    ("fastBurn", "critical"),
    ("mediumBurn", "critical"),
    ("slowBurn", "warning"),
    ("longTermBurn", "warning"),
)
"""(key, what Pyrra takes when it is not set), fastest first."""


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict) or value.get("kind") != "ServiceLevelObjective":
        return False
    return str(value.get("apiVersion", "")).startswith("pyrra.dev/")


def read(document: Document) -> Parsed:
    value = document.value
    metadata, spec = mapping(value, "metadata"), mapping(value, "spec")
    name, labels = text(metadata, "name"), texts(metadata, "labels")
    service = next((labels[key] for key in _SERVICE_LABELS if labels.get(key)), "")
    hidden = templated(name=name, service=service, target=spec.get("target"), window=spec.get("window"))
    target = targets.from_percent(spec.get("target"))
    window, seconds, _ = _window(spec)
    sli, fault = _sli(spec, name)
    alerting = mapping(spec, "alerting")
    burns = alerting.get("burnrates") is not False and alerting.get("disabled") is not True
    objective = Objective(
        line=line_of(value),
        name=name,
        slo=name,
        format=NAME,
        service=service,
        ratio=-1.0 if "target" in hidden else target.ratio,
        window=window,
        window_seconds=seconds,
        signal=sli.signal,
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        page_alert=burns,
        slow_alert=burns,
        absence_alert=alerting.get("absent") is not False,
        burn_windows=4 if burns else 0,
        severities=_severities(alerting) if burns else (),
        labels={key.removeprefix("pyrra.dev/"): value for key, value in labels.items()},
        object_labels=labels,
        object_annotations=texts(metadata, "annotations"),
        namespace=text(metadata, "namespace"),
        description=text(spec, "description"),
        templated=hidden,
        findings=tuple(sorted([*_findings(metadata, spec, hidden), *fault], key=lambda one: one.line)),
    )
    return Parsed(objects=(objective,))


def _findings(metadata: Mapping[str, Any], spec: Mapping[str, Any], hidden: tuple[str, ...]) -> Iterator[Finding]:
    if not text(metadata, "name"):
        yield finding(metadata, "name", "slo-name", "metadata.name is needed")
    target = targets.from_percent(spec.get("target"))
    if target.code and "target" not in hidden:
        yield finding(spec, "target", target.code, target.message)
    elif spec.get("target") is not None and not isinstance(spec.get("target"), str):
        message = f'Pyrra takes the target as text: write "{short(spec.get("target"))}" in quotes'
        yield finding(spec, "target", "objective-type", message)
    problem = _window(spec)[2]
    if problem and "window" not in hidden:
        yield finding(spec, "window", "window-invalid", problem)


def _window(spec: Mapping[str, Any]) -> tuple[str, int, str]:
    """(window, seconds, what is wrong)."""
    try:
        return (*windows.prometheus(text(spec, "window")), "")
    except ValueError as error:
        return "", 0, str(error)


def _severities(alerting: Mapping[str, Any]) -> tuple[str, ...]:
    said = mapping(alerting, "severities")
    return tuple(dict.fromkeys(text(said, key) or default for key, default in _SEVERITIES))


def _sli(spec: Mapping[str, Any], name: str) -> tuple[Sli, list[Finding]]:
    """The indicator, and what is wrong with it: exactly one kind, each metric a bare selector."""
    indicator = mapping(spec, "indicator")
    kinds = [kind for kind in _PARTS if kind in indicator]
    if len(kinds) != 1:
        message = f"an indicator needs exactly one of {', '.join(_PARTS)}"
        return Sli("invalid", message), [finding(spec, "indicator", "sli-kind", message)]
    kind, node = kinds[0], mapping(indicator, kinds[0])
    places = [(mapping(node, part), f"{kind}.{part}") for part in _PARTS[kind]] or [(node, kind)]
    metrics: dict[str, None] = {}
    asked = [text(place, "metric") for place, _ in places]
    signal = _signal(kind, asked, name)
    for (place, said), selector in zip(places, asked, strict=True):
        expression = promql.parse(selector) if selector else None
        if expression is not None and expression.valid == "unknown":
            return Sli("unknown", f"{said}: {expression.error}", signal), []
        if fault := _fault(kind, said, expression):
            where, key = (place, "metric") if "metric" in place else (indicator, kind)
            return Sli("invalid", fault, signal, tuple(metrics)), [finding(where, key, "sli-query", fault)]
        metrics |= dict.fromkeys(expression.metrics if expression else ())
    if fault := _pair_fault(kind, node, asked):
        return Sli("invalid", fault, signal, tuple(metrics)), [finding(indicator, kind, "sli-query", fault)]
    return Sli("valid", "", signal, tuple(metrics)), []


def _signal(kind: str, asked: list[str], name: str) -> str:
    """The kind tells, but a share of errors may measure how late things are."""
    told = signal_of(" ".join(asked), name)
    return "freshness" if _SIGNALS[kind] == "availability" and told == "freshness" else _SIGNALS[kind]


def _fault(kind: str, said: str, expression: promql.Expression | None) -> str:
    if expression is None:
        return f"{said} needs a metric"
    if expression.valid == "invalid":
        return f"{said}: {expression.error}"
    if not isinstance(expression.tree, pp.VectorSelector):
        return f"{said} must be a bare selector: Pyrra adds the functions itself"
    if said == "latency.success":
        bounds = [matcher.value for matcher in expression.tree.matchers.matchers if matcher.name == "le"]
        if not any(bound == "+Inf" or number_of(bound) is not None for bound in bounds):
            return 'latency.success needs the bucket it counts, such as le="0.5"'
    return ""


def _pair_fault(kind: str, node: Mapping[str, Any], asked: list[str]) -> str:
    if len(asked) == 2 and asked[0] == asked[1]:
        first, second = _PARTS[kind]
        return f"{kind}.{first} and {kind}.{second} are the same metric"
    if kind == "latencyNative":
        try:
            parse_duration(text(node, "latency")[:40])
        except ValueError as error:
            return f"latencyNative.latency: {error}"
    return ""
