"""Multiwindow burn-rate alerts, found in an expression's tree rather than by its text.

Two comparisons joined by `and` are a pair when operator and threshold agree and the long window is 10 to 16 times the
short one (12 in the SRE Workbook, chapter 5). A window shows as a range, a subquery, the end of a recorded metric's
name (`…:ratio_rate5m`) or the value of a label such as `window`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.formats import promql, promql_text
from app.formats.model import BurnRatePair
from app.formats.promql import Node
from app.lib import times

LEAST_RATIO, MOST_RATIO = 10, 16

_WINDOW_LABELS = frozenset(("window", "long", "short"))
_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_MAX_COMPARISONS = 32
_MAX_PAIRS = 64


@dataclass(frozen=True, slots=True)
class _Comparison:
    operator: str
    windows: frozenset[int]
    threshold: float | None
    """None when it isn't constant; then `text` is what it says."""
    text: str


def pairs(tree: Node) -> tuple[BurnRatePair, ...]:
    """Every burn-rate pair of an expression, in order, once each. `threshold` 0 means equal but not constant."""
    found: dict[BurnRatePair, None] = {}
    for node in promql.walk(tree):
        if isinstance(node, promql.BinaryExpr) and str(node.op) == "and":
            for pair in _pairs_of(node):
                found[pair] = None
                if len(found) >= _MAX_PAIRS:
                    return tuple(found)
    return tuple(found)


def _pairs_of(node: Node) -> Iterator[BurnRatePair]:
    right = _comparisons(node.rhs)
    for one in _comparisons(node.lhs) if right else ():
        for other in right:
            if one.operator == other.operator and _same_threshold(one, other):
                yield from _by_windows(one, other)


def _by_windows(one: _Comparison, other: _Comparison) -> Iterator[BurnRatePair]:
    for first in sorted(one.windows):
        for second in sorted(other.windows):
            long, short = max(first, second), min(first, second)
            if short > 0 and LEAST_RATIO <= long / short <= MOST_RATIO:
                yield BurnRatePair(
                    long=_written(long), short=_written(short), operator=one.operator, threshold=one.threshold or 0.0
                )


def _same_threshold(one: _Comparison, other: _Comparison) -> bool:
    if one.threshold is None or other.threshold is None:
        return one.threshold is other.threshold and one.text == other.text
    return one.threshold > 0 and math.isclose(one.threshold, other.threshold, rel_tol=1e-9)


def _comparisons(tree: Node) -> list[_Comparison]:
    found = []
    for node in promql.walk(tree):
        if isinstance(node, promql.BinaryExpr) and str(node.op) in _FLIPPED and (read := _comparison(node)):
            found.append(read)
            if len(found) >= _MAX_COMPARISONS:
                break
    return found


def _comparison(node: Node) -> _Comparison | None:
    value, bound, operator = node.lhs, node.rhs, str(node.op)
    windows = _windows(value)
    if not windows:
        value, bound, operator = bound, value, _FLIPPED[operator]
        windows = _windows(value)
    if not windows:
        return None
    threshold = promql.constant(bound)
    if threshold is not None:
        threshold = float(f"{threshold:.12g}")  # 14.4 * 0.001 is meant as 0.0144
    return _Comparison(operator, windows, threshold, "" if threshold is not None else str(promql.bare(bound)))


def _windows(tree: Node) -> frozenset[int]:
    """Milliseconds of every window in a subtree."""
    found: set[int] = set()
    for node in promql.walk(tree):
        if isinstance(node, promql.MatrixSelector | promql.SubqueryExpr):
            found.add(promql.milliseconds(node))
        elif isinstance(node, promql.VectorSelector):
            texts = promql_text.RECORDED_WINDOW.findall(promql.metric_name(node))
            texts += [value for label, value in promql.equalities(node) if _names_window(label)]
            found.update(_milliseconds(text) for text in texts)
    return frozenset(found - {0})


def _names_window(label: str) -> bool:
    return label in _WINDOW_LABELS or label.endswith("_window")


def _milliseconds(text: str) -> int:
    try:
        return int(times.parse_duration(text[:40]).total_seconds() * 1000)
    except ValueError:
        return 0


def _written(milliseconds: int) -> str:
    return times.format_duration(timedelta(milliseconds=milliseconds))
