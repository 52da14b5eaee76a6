"""OpenSLO's indicators: `ratioMetric` or `thresholdMetric`, inline or in a document of kind SLI.

The key of a query inside `spec` is free: `query` is usual. v1alpha writes `ratioMetrics` in each objective, v2alpha
`sli` for `indicator` and no `metricSource`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.formats.model import Indicator, Parsed
from app.formats.slo_common import finding, mapping, text
from app.formats.slo_queries import Sli, elsewhere, is_prometheus, queries
from app.lib.documents import line_of

INDICATORS = ("indicator", "indicatorRef", "sli", "sliRef")
_REFS = ("indicatorRef", "sliRef")
_QUERY_KEYS = ("query", "promql", "expr", "expression")


def read(value: Mapping[str, Any]) -> Parsed:
    """A document of kind SLI."""
    metadata, spec = mapping(value, "metadata"), mapping(value, "spec")
    name = text(metadata, "name")
    sli = _sli(spec, f"{name} {text(metadata, 'displayName')}")
    indicator = Indicator(
        line=line_of(value),
        name=name,
        format="openslo",
        signal=sli.signal,
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
    )
    findings = (finding(value, "spec", "sli-query", sli.error),) if sli.valid == "invalid" else ()
    return Parsed((indicator,), findings)


def of_objective(item: Mapping[str, Any], spec: Mapping[str, Any], names: str) -> Sli:
    """What an objective's indicator says, wherever it stands."""
    if mapping(item, "ratioMetrics"):
        return _ratio(mapping(item, "ratioMetrics"), names)
    for holder in (item, spec):
        for key in ("indicator", "sli"):
            if inline := mapping(holder, key):
                inner = mapping(inline, "spec") or inline
                words = f"{names} {text(mapping(inline, 'metadata'), 'name')}"
                return _sli(inner, words)
    if name := reference(item, spec):
        return Sli("unknown", f"its indicator {name[:60]} stands in a document of its own")
    return Sli("unknown", "has no indicator")


def reference(item: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """The name of the indicator that stands elsewhere, or ""."""
    return next((name for node in (item, spec) for key in _REFS if (name := text(node, key))), "")


def place(item: Mapping[str, Any], spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """Where an objective's indicator is written, for a finding about it."""
    for node in (item, spec):
        for key in ("ratioMetrics", *INDICATORS):
            if node.get(key):
                return node, key
    return item, None


def holders(item: Mapping[str, Any], spec: Mapping[str, Any]) -> list[object]:
    """The values that make an objective's indicator."""
    return [node.get(key) for node in (item, spec) for key in INDICATORS if isinstance(node.get(key), str)]


def is_threshold(item: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether the inline indicator compares a value with a threshold."""
    for holder in (item, spec):
        for key in ("indicator", "sli"):
            inline = mapping(holder, key)
            if "thresholdMetric" in inline or "thresholdMetric" in mapping(inline, "spec"):
                return True
    return False


def _sli(spec: Mapping[str, Any], names: str) -> Sli:
    ratio, threshold = mapping(spec, "ratioMetric"), mapping(spec, "thresholdMetric")
    if bool(ratio) == bool(threshold):
        return Sli("invalid", "an indicator needs either thresholdMetric or ratioMetric")
    return _ratio(ratio, names) if ratio else _threshold(threshold, names)


def _threshold(metric: Mapping[str, Any], names: str) -> Sli:
    query, backend = _query(metric)
    return _judged((query,), backend, counters=True, names=names)


def _ratio(metric: Mapping[str, Any], names: str) -> Sli:
    """`good` or `bad` over `total`, or a `raw` ratio with its type."""
    parts = [key for key in ("good", "bad", "raw") if mapping(metric, key)]
    if len(parts) != 1:
        return Sli("invalid", "a ratio needs exactly one of good, bad and raw")
    total = mapping(metric, "total")
    if parts == ["raw"]:
        if total:
            return Sli("invalid", "a raw ratio has no total")
        if text(metric, "rawType") not in ("success", "failure"):
            return Sli("invalid", "a raw ratio needs rawType: success or failure")
    elif not total:
        return Sli("invalid", f"a ratio needs total beside {parts[0]}")
    found = [_query(mapping(metric, key)) for key in (*parts, *(["total"] if total else []))]
    backend = next((backend for _, backend in found if not is_prometheus(backend)), found[0][1])
    grows = metric.get("counter") is True or metric.get("incremental") is True
    return _judged(tuple(query for query, _ in found), backend, counters=not grows, names=names)


def _judged(asked: tuple[str, ...], backend: str, *, counters: bool, names: str) -> Sli:
    if not is_prometheus(backend):
        return elsewhere(backend, " ".join(asked), names)
    if not all(asked):
        return Sli("unknown", "holds a query under a key that is not known")
    return queries(*asked, counters=counters, names=names)


def _query(metric: Mapping[str, Any]) -> tuple[str, str]:
    """(query, what answers it) of one metric; of a data source that stands elsewhere only its name is known."""
    source = mapping(metric, "metricSource") or metric
    inner = mapping(source, "spec") or source
    query = next((written for key in _QUERY_KEYS if (written := text(inner, key))), "")
    kinds = (
        text(source, "type"),
        text(source, "queryType"),
        text(source, "source"),
        text(mapping(source, "dataSourceSpec"), "type"),
    )
    backend = next((kind for kind in kinds if kind), "")
    named = text(source, "metricSourceRef") or text(source, "dataSourceRef")
    if not backend and ("prom" in named.lower() or (query and "[" in query and "(" in query)):
        backend = "prometheus"
    return query, backend or named
