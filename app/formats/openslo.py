"""OpenSLO v1alpha, v1 and v2alpha. Targets are ratios; one Objective for each item of `objectives`.

Source: OpenSLO specification and its go-sdk. `m` is minutes and `M` months in durations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.formats.model import AlertPolicy, Finding, Objective, Parsed
from app.formats.slo_common import (
    Sli,
    finding,
    mapping,
    queries,
    sequence,
    signal_of,
    templated,
    text,
    texts,
    with_policies,
)
from app.lib.documents import Document, line_of
from app.slo import objective as targets
from app.slo import window as windows

NAME = "openslo"
_VERSIONS = ("openslo/v1alpha", "openslo/v1", "openslo.com/v2alpha")
_METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def recognises(document: Document) -> bool:
    value = document.value
    return (
        isinstance(value, dict) and value.get("apiVersion") in _VERSIONS and value.get("kind") in ("SLO", "AlertPolicy")
    )


def read(document: Document) -> Parsed:
    value = document.value
    if value["kind"] == "AlertPolicy":
        policy = _policy(value)
        return Parsed(objects=(policy,) if policy else ())
    metadata, spec = mapping(value, "metadata"), mapping(value, "spec")
    shared = _shared_findings(value, metadata, spec)
    items = sequence(spec, "objectives")
    if not items:
        shared.append(finding(spec, "objectives", "slo-empty", "an SLO needs at least one objective"))
    objectives = []
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            shared.append(finding(items, index, "slo-shape", "an objective must be a mapping"))
            continue
        objectives.append(_objective(item, metadata, spec, len(items) > 1, index))
    inline = [policy for node in sequence(spec, "alertPolicies") if (policy := _inline(node))]
    if inline:
        objectives = [with_policies(objective, inline) for objective in objectives]
    return Parsed(objects=tuple(objectives), findings=tuple(shared))


def _shared_findings(value: Mapping[str, Any], metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> list[Finding]:
    found = []
    name = text(metadata, "name")
    if not _NAME.fullmatch(name) and not templated(name=name):
        message = f"“{name}” is no OpenSLO name: lower-case letters, digits and -, at most 63"
        found.append(finding(metadata, "name", "slo-name", message))
    if not text(spec, "service"):
        found.append(finding(spec, "service", "slo-service", "spec.service is needed"))
    method = text(spec, "budgetingMethod")
    if method not in _METHODS and not templated(method=method):
        message = f"budgetingMethod “{method}” must be one of {', '.join(_METHODS)}"
        found.append(finding(spec, "budgetingMethod", "slo-budgeting-method", message))
    names = [key for key in ("indicator", "indicatorRef", "sli", "sliRef") if spec.get(key)]
    inner = any(
        isinstance(o, dict) and {"indicator", "indicatorRef", "ratioMetrics", "sli"} & set(o)
        for o in sequence(spec, "objectives")
    )
    if len(names) > 1 or (names and inner and value.get("apiVersion") != "openslo/v1alpha"):
        found.append(
            finding(spec, names[0], "sli-kind", "say the indicator once: here, by reference, or in each objective")
        )
    if not names and not inner:
        found.append(finding(spec, "indicator", "sli-kind", "an SLO needs an indicator or a reference to one"))
    return found


def _objective(
    item: Mapping[str, Any], metadata: Mapping[str, Any], spec: Mapping[str, Any], several: bool, index: int
) -> Objective:
    slo = text(metadata, "name")
    title = text(item, "displayName") or str(index + 1)
    percent = item.get("targetPercent")
    target = targets.from_percent(percent) if percent is not None else targets.from_ratio(item.get("target"))
    hidden = templated(name=slo, service=text(spec, "service"), target=item.get("target", percent))
    window, seconds, calendar, problem = _window(spec)
    sli = _sli(item, spec)
    found: list[Finding] = []
    if target.code and "target" not in hidden:
        found.append(finding(item, "targetPercent" if percent is not None else "target", target.code, target.message))
    if item.get("target") is not None and percent is not None:
        found.append(finding(item, "targetPercent", "objective-twice", "say target or targetPercent, not both"))
    if problem and not templated(window=spec.get("timeWindow")):
        found.append(finding(spec, "timeWindow" if "timeWindow" in spec else "timeWindows", "window-invalid", problem))
    if text(spec, "budgetingMethod") == "Timeslices" and item.get("timeSliceTarget") is None:
        found.append(finding(item, None, "objective-time-slice", "Timeslices need a timeSliceTarget"))
    if sli.valid == "invalid":
        found.append(finding(item, None, "sli-query", sli.error))
    policies = [
        text(node, "alertPolicyRef") if isinstance(node, dict) else node for node in sequence(spec, "alertPolicies")
    ]
    return Objective(
        line=line_of(item),
        name=f"{slo}/{title}" if several else slo,
        slo=slo,
        format=NAME,
        service=text(spec, "service"),
        ratio=-1.0 if "target" in hidden else target.ratio,
        window=window,
        window_seconds=seconds,
        calendar=calendar,
        signal=sli.signal or signal_of(f"{slo} {title}"),
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        policies=tuple(name for name in policies if isinstance(name, str) and name),
        labels=texts(metadata, "labels"),
        object_labels=texts(metadata, "labels"),
        object_annotations=texts(metadata, "annotations"),
        description=text(spec, "description") or text(metadata, "description"),
        templated=hidden,
        findings=tuple(found),
    )


def _window(spec: Mapping[str, Any]) -> tuple[str, int, bool, str]:
    """(window, seconds, calendar, problem) of `timeWindow` (v1, v2alpha) or `timeWindows` (v1alpha): exactly one."""
    listed = sequence(spec, "timeWindow") or sequence(spec, "timeWindows")
    node = listed[0] if listed else mapping(spec, "timeWindow")
    if not node:
        return "", 0, False, ""
    if len(listed) > 1 or not isinstance(node, dict):
        return "", 0, False, "an SLO needs exactly one time window"
    calendar = bool(node.get("calendar")) or node.get("isRolling") is False
    try:
        if "duration" in node:
            return (*windows.openslo(text(node, "duration")), calendar, "")
        count = node.get("count")
        return (*windows.unit_and_count(text(node, "unit"), count if isinstance(count, int) else 0), calendar, "")
    except ValueError as error:
        return "", 0, calendar, str(error)


def _sli(item: Mapping[str, Any], spec: Mapping[str, Any]) -> Sli:
    if mapping(item, "ratioMetrics"):
        return _ratio(mapping(item, "ratioMetrics"))
    holder = mapping(item, "indicator") or mapping(item, "sli") or mapping(spec, "indicator") or mapping(spec, "sli")
    inner = mapping(holder, "spec") or holder
    if mapping(inner, "ratioMetric"):
        return _ratio(mapping(inner, "ratioMetric"))
    if mapping(inner, "thresholdMetric"):
        query, kind = _query(mapping(inner, "thresholdMetric"))
        signal = signal_of(query) or "latency" * ("ms" in str(item.get("displayName", "")))
        if not query or not _is_prometheus(kind):
            return Sli("unknown", f"queries of {kind or 'this source'} are not read", signal)
        checked = queries(query, "")
        return Sli(checked.valid, checked.error, signal, checked.metrics)
    return Sli("unknown", "the indicator stands in a document of its own" if _refers(item, spec) else "holds no query")


def _refers(item: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    return any(node.get(key) for node in (item, spec) for key in ("indicatorRef", "sliRef"))


def _ratio(metric: Mapping[str, Any]) -> Sli:
    first = next((mapping(metric, key) for key in ("bad", "good", "raw") if mapping(metric, key)), {})
    query, kind = _query(first)
    total, total_kind = _query(mapping(metric, "total"))
    signal = signal_of(f"{query} {total}")
    if not query:
        return Sli("invalid", "a ratio needs good or bad, and total (or raw)", signal)
    if not (_is_prometheus(kind) and (not total or _is_prometheus(total_kind))):
        return Sli("unknown", f"queries of {kind or 'this source'} are not read", signal)
    return queries(query, total, counters=False)


def _query(metric: Mapping[str, Any]) -> tuple[str, str]:
    """(query, source type): v1alpha writes both beside each other, later versions below `metricSource` or `spec`."""
    source = mapping(metric, "metricSource") or metric
    spec = mapping(source, "spec") or source
    kind = text(source, "type") or text(source, "source") or text(mapping(source, "dataSourceSpec"), "type")
    query = text(spec, "query") or text(spec, "promql")
    return query, kind or text(source, "queryType") or ("prometheus" if query and "rate(" in query else "")


def _is_prometheus(kind: str) -> bool:
    return kind.lower() in ("prometheus", "promql", "thanos", "cortex", "mimir", "amazonprometheus")


def _inline(node: Any) -> AlertPolicy | None:
    return _policy(node) if isinstance(node, dict) and "spec" in node else None


def _policy(value: Mapping[str, Any]) -> AlertPolicy | None:
    """A burn-rate policy: its one condition, written here (a referenced one can't be judged)."""
    spec = mapping(value, "spec")
    for node in sequence(spec, "conditions"):
        condition = mapping(mapping(node, "spec"), "condition")
        if text(condition, "kind").lower() != "burnrate":
            continue
        threshold = condition.get("threshold")
        try:
            window, seconds = windows.openslo(text(condition, "lookbackWindow"))
        except ValueError:
            window, seconds = text(condition, "lookbackWindow"), 0
        return AlertPolicy(
            line=line_of(value),
            name=text(mapping(value, "metadata"), "name"),
            format=NAME,
            operator=text(condition, "op") or "gt",
            threshold=float(threshold) if isinstance(threshold, int | float) else 0.0,
            window=window,
            window_seconds=seconds,
            severity=text(mapping(node, "spec"), "severity"),
        )
    return None
