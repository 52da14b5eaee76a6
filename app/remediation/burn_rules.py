"""Multiwindow burn-rate rules from an objective's own queries, by the table of the SRE workbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from app.lib.times import format_duration
from app.lib.yaml_nodes import Node
from app.slo import burn_rate

_RANGE = re.compile(r"\[(?:\{\{-?\s*\.?\w*\.?window\s*-?\}\}|\d+[smhdw])\]")
_PROMETHEUS = ("prometheus", "promql", "thanos", "mimir", "cortex")
_SAID = {"fast": "fast", "slow": "steadily"}
Expression = Callable[[str], str]
"""A window, such as 5m, to the error ratio over it."""


def error_ratio(document: Node) -> Expression | None:
    """The share of bad events of an OpenSLO document; None where its queries are not here, or not Prometheus'."""
    spec = document.get("spec")
    if spec is None:
        return None
    inline = spec.at("indicator", "spec", "ratioMetric") or spec.at("objectives", 0, "ratioMetrics")
    if inline is None:
        return None
    counter = any((one := inline.get(key)) is not None and one.value == "true" for key in ("counter", "incremental"))
    good, bad, total = (_query(inline.get(key), counter) for key in ("good", "bad", "total"))
    if total is None or (good is None) == (bad is None):
        return None
    if bad is not None:
        return lambda window: f"({bad(window)} / {total(window)})"
    assert good is not None
    return lambda window: f"(1 - {good(window)} / {total(window)})"


def _query(metric: Node | None, counter: bool) -> Expression | None:
    if metric is None:
        return None
    source = metric.get("metricSource") or metric
    kind = source.get("type") or source.get("source")
    query = source.at("spec", "query") or source.get("query")
    if query is None or (kind is not None and kind.value.lower() not in _PROMETHEUS):
        return None
    text = " ".join(query.value.split())
    if _RANGE.search(text):
        return lambda window: f"({_RANGE.sub(f'[{window}]', text)})"
    return (lambda window: f"sum(rate({text}[{window}]))") if counter else None


def rules(
    expression: Expression,
    ratio: float,
    window_seconds: int,
    *,
    name: str,
    labels: Mapping[str, str],
    runbook: str,
    severities: tuple[str, str],
) -> list[dict[str, Any]]:
    """A page over hours and a ticket over days, labelled with `severities`. `ratio`: the objective, 0..1."""
    period = timedelta(seconds=window_seconds) or burn_rate.PERIOD
    budget = f"{1 - ratio:.10g}"
    made = []
    for speed, severity in zip(("fast", "slow"), severities, strict=True):
        pairs = [pair for pair in burn_rate.WORKBOOK if burn_rate.speed(pair.long) == speed]
        sides = [_pair(expression, pair, period, budget) for pair in pairs]
        made.append(
            {
                "alert": name if speed == "fast" else f"{name}Slow",
                "expr": "\nor\n".join(sides),
                "labels": {**labels, "severity": severity},
                "annotations": {
                    "summary": f"{labels['slo']} of {labels['service']} spends its error budget too {_SAID[speed]}",
                    "description": "The share of bad events is {{ $value | humanizePercentage }}, "
                    f"the objective allows {(1 - ratio) * 100:.6g} %.",
                    "runbook_url": runbook,
                },
            }
        )
    return made


def _pair(expression: Expression, pair: burn_rate.Pair, period: timedelta, budget: str) -> str:
    factor = f"{burn_rate.factor(pair.budget_ratio, pair.long, period):.6g}"
    long, short = format_duration(pair.long), format_duration(pair.short)
    bound = f"> ({factor} * {budget})"
    return f"(\n  {expression(long)} {bound}\n  and\n  {expression(short)} {bound}\n)"
