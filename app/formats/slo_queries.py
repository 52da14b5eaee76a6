"""The queries of an SLI: do they parse, do they make a ratio, and which signal do they measure?

Called by the SLO readers. Only Prometheus' language is read; of other systems' queries only the signal is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import promql_parser as pp

from app.formats import promql
from app.formats.promql import Expression, Node

_WINDOW = re.compile(r"\{\{-?\s*\.?\w*\.?window\s*-?\}\}|__TPL__(?=\])|(?<=\[)window\b", re.ASCII)
"""Sloth's and OpenSLO's `{{.window}}`, what is left of it in a Helm template, and slo-generator's bare `[window`."""
_COUNTER = re.compile(r"_(?:total|count|bucket|sum)$")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*+"?|\'(?:\\.|[^\'\\])*+\'?', re.DOTALL)
_PROMETHEUS = frozenset(
    ("prometheus", "promql", "prometheus_self", "thanos", "cortex", "mimir", "amazonprometheus", "sloth")
)
_STATUS = r"(?:\w{0,60}status\w{0,60}|(?:\w{0,60}_)?code|outcome|result|reason|error\w{0,60}|success)"
"""Labels that tell good from bad."""
_BY_QUERY = (
    ("latency", re.compile(r"\ble\s*=|_bucket\b|\bhistogram_(?:quantile|fraction)\s*\(", re.ASCII)),
    ("availability", re.compile(rf"\b{_STATUS}\s*(?:=|!=|!~)", re.ASCII)),
    (
        "freshness",
        re.compile(
            r"fresh|(?:\b|_)(?:age|lag|stale\w*|staleness)(?:\b|_)|last_(?:success|update)|(?<!@)timestamp", re.I
        ),
    ),
    ("availability", re.compile(r"error|fail|success|reject|\bup\b|availab|5xx|not_ready", re.I)),
    ("latency", re.compile(r"latency|duration|response_time|elapsed|_ms\b", re.I)),
)
"""What a query tells of its signal, strongest sign first: labels before names."""
_BY_NAME = (
    ("latency", re.compile(r"latenc|duration|response[-_ ]?time|slow|fast|speed|(?<![a-z])p9\d", re.I)),
    ("freshness", re.compile(r"fresh|staleness|(?<![a-z])(?:lag|age)(?![a-z])", re.I)),
    ("availability", re.compile(r"availab|error|fail|success|uptime", re.I)),
)
_LONGEST_LOOK = 8_192


@dataclass(frozen=True, slots=True)
class Sli:
    """What the queries of an SLI say. `valid`: valid, invalid or unknown; `error` says why."""

    valid: str = "unknown"
    error: str = ""
    signal: str = ""
    metrics: tuple[str, ...] = ()


def queries(part: str, total: str = "", *, counters: bool = True, names: str = "") -> Sli:
    """An SLI of a part (errors or good events) and all events, or of one query that is a ratio by itself.

    Every query must parse and read some metric, and the two must differ. With `counters`, what is named like a counter
    must be read over a range; without, the tool wraps it. `names` are words that may tell the signal.
    """
    asked = [query for query in (part, total) if query]
    if any(len(query) > promql.MAX_TEXT for query in asked):
        return Sli("unknown", f"holds a query longer than {promql.MAX_TEXT} characters")
    parsed = [promql.parse(_WINDOW.sub("5m", query)) for query in asked]
    sli = Sli(
        "valid",
        signal=signal_of(" ".join(asked), names),
        metrics=tuple(dict.fromkeys(name for expression in parsed for name in expression.metrics)),
    )
    if not parsed:
        return replace(sli, valid="unknown", error="holds no query")
    for expression in parsed:
        if expression.valid != "valid":
            return replace(sli, valid=expression.valid, error=expression.error)
    if len(parsed) == 2 and _canonical(part) == _canonical(total):
        return replace(sli, valid="invalid", error="the two queries are the same, so the ratio never changes")
    if error := next((error for expression in parsed if (error := _fault(expression, counters))), ""):
        return replace(sli, valid="invalid", error=error)
    return sli


def elsewhere(backend: str, query: str, names: str = "") -> Sli:
    """An SLI whose query another system answers."""
    return Sli("unknown", f"queries of {backend[:60] or 'this backend'} are not read", signal_of("", names or query))


def is_prometheus(backend: str) -> bool:
    return backend.strip().lower() in _PROMETHEUS


def signal_of(query: str, names: str = "") -> str:
    """availability, latency, freshness, or "" when neither query nor names tell."""
    plain = _QUOTED.sub('""', query[:_LONGEST_LOOK])
    by_query = next((signal for signal, pattern in _BY_QUERY if pattern.search(plain)), "")
    return by_query or next((signal for signal, pattern in _BY_NAME if pattern.search(names[:_LONGEST_LOOK])), "")


def _fault(expression: Expression, counters: bool) -> str:
    if expression.static:
        return "reads no metric"
    bare = _bare_counter(expression.tree) if counters else ""
    return f"the counter {bare} is read without rate() or increase()" if bare else ""


def _bare_counter(tree: Node) -> str:
    """A counter's name that stands outside of every range, or "". A recorded series (`a:b_total`) is no counter."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, pp.MatrixSelector | pp.SubqueryExpr):
            continue
        if isinstance(node, pp.VectorSelector):
            name = promql.metric_name(node)
            if ":" not in name and _COUNTER.search(name):
                return name
        stack.extend(promql.children(node))
    return ""


def _canonical(query: str) -> str:
    return re.sub(r"\s+", "", query)
