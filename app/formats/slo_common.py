"""What the SLO readers share: queries of an SLI checked and classified, text fields read safely, policies joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from app.formats import promql
from app.formats.model import AlertPolicy, Finding, Object, Objective
from app.lib.documents import line_of

TOKEN = "__TPL__"  # noqa: S105 (the mark that a neutralised Helm action leaves)
FAST_SECONDS, SLOW_SECONDS = 6 * 3600, 86_400
_WINDOW = re.compile(r"\{\{-?\s*\.?[\w.]*\.?window\s*-?\}\}|__TPL__(?=\])")
_COUNTERS = ("rate", "irate", "increase", "delta", "sum_over_time", "count_over_time", "avg_over_time")
_SIGNALS = (
    ("latency", re.compile(r"\ble\s*=|_bucket\b|histogram_quantile")),
    (
        "availability",
        re.compile(r"\b(code|status|status_code|http_status|grpc_code|outcome|result|response_code|reason)\s*(=|!=)"),
    ),
    (
        "freshness",
        re.compile(r"fresh|\bage\b|_age_|\blag\b|_lag_|stale|last_(success|update)|timestamp", re.IGNORECASE),
    ),
    ("latency", re.compile(r"latency|duration|response_time|_ms\b", re.IGNORECASE)),
    ("availability", re.compile(r"error|fail|success|\bup\b|availab|5\.\.|5xx", re.IGNORECASE)),
)
"""What a query tells of its signal, strongest sign first: labels before names."""


@dataclass(frozen=True, slots=True)
class Sli:
    """What the queries of an SLI say. `valid`: valid, invalid or unknown; `error` says why."""

    valid: str = "unknown"
    error: str = ""
    signal: str = ""
    metrics: tuple[str, ...] = ()


def text(node: Any, key: str) -> str:
    """A text field, stripped; "" when it is absent or no text."""
    value = node.get(key) if isinstance(node, dict) else None
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def mapping(node: Any, key: str) -> Mapping[str, Any]:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, dict) else {}


def sequence(node: Any, key: str) -> Sequence[Any]:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, list) else ()


def texts(node: Any, key: str) -> dict[str, str]:
    """A mapping of texts, such as labels; a list value keeps its first text."""
    found = {}
    for name, value in mapping(node, key).items():
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str | int | float) and not isinstance(first, bool):
            found[name] = str(first)
    return found


def templated(**values: object) -> tuple[str, ...]:
    """Names of those values that hold what a template would fill in."""
    return tuple(name for name, value in values.items() if TOKEN in str(value) or "${" in str(value))


def queries(good: str, total: str, *, counters: bool = True) -> Sli:
    """An SLI of two queries (errors or good events, and all). Both must parse, differ, and read counters over time."""
    parsed = [promql.parse(_WINDOW.sub("5m", query)) for query in (good, total) if query]
    signal = signal_of(f"{good} {total}")
    metrics = tuple(dict.fromkeys(name for expression in parsed for name in expression.metrics))
    for expression in parsed:
        if expression.valid != "valid":
            return Sli(expression.valid, expression.error, signal, metrics)
    if good and total and _canonical(good) == _canonical(total):
        return Sli("invalid", "the two queries are the same, so the ratio is always 1", signal, metrics)
    for query in (good, total) if counters else ():
        if query and re.search(r"_(total|count|bucket|sum)\b", query) and not any(f"{f}(" in query for f in _COUNTERS):
            return Sli("invalid", "a counter is read without rate() or increase()", signal, metrics)
    return Sli("valid" if parsed else "unknown", "" if parsed else "holds no query", signal, metrics)


def signal_of(query: str) -> str:
    """availability, latency, freshness or "" when the query does not tell."""
    return next((signal for signal, pattern in _SIGNALS if pattern.search(query)), "")


def _canonical(query: str) -> str:
    return re.sub(r"\s+", "", query)


def finding(node: Any, key: str | int | None, code: str, message: str) -> Finding:
    return Finding(line_of(node, key), code, message)


class _Placed(Protocol):
    @property
    def object(self) -> Object: ...


P = TypeVar("P", bound=_Placed)


def join(objectives: Iterable[P], policies: Sequence[AlertPolicy]) -> list[P]:
    """Objectives with the alert policies they name. Only `>` and `>=` alert on a budget that burns too fast."""
    return [_joined(placed, policies) for placed in objectives]


def _joined(placed: Any, policies: Sequence[AlertPolicy]) -> Any:
    objective = placed.object
    if not isinstance(objective, Objective) or not objective.policies:
        return placed
    named = [policy for policy in policies if policy.name in objective.policies]
    return replace(placed, object=with_policies(objective, named)) if named else placed


def with_policies(objective: Objective, policies: Sequence[AlertPolicy]) -> Objective:
    """What burn-rate policies add: which windows alert, and findings for those that fire the wrong way round."""
    windows = {policy.window_seconds for policy in policies if policy.operator not in ("lt", "lte")}
    wrong = [
        Finding(
            policy.line,
            "alert-operator",
            f"alert policy {policy.name} fires when the burn rate is low ({policy.operator})",
        )
        for policy in policies
        if policy.operator in ("lt", "lte")
    ]
    severities = dict.fromkeys([*objective.severities, *(policy.severity for policy in policies if policy.severity)])
    return replace(
        objective,
        page_alert=objective.page_alert or any(0 < window <= FAST_SECONDS for window in windows),
        slow_alert=objective.slow_alert or any(window >= SLOW_SECONDS for window in windows),
        burn_windows=max(objective.burn_windows, len(windows - {0})),
        severities=tuple(severities),
        findings=(*objective.findings, *wrong),
    )
