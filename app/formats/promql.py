"""What a PromQL expression says. The only door to `promql-parser`.

The parser is native code that recurses: an expression deep or long enough ends the process with a stack overflow. So
text is measured before it goes there, and what is beyond the bounds is "unknown", like any dialect that isn't PromQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import promql_parser as pp

from app.formats import promql_text

Node = Any
"""A node of the parser's tree."""

AggModifierType = pp.AggModifierType
AggregateExpr = pp.AggregateExpr
BinaryExpr = pp.BinaryExpr
Call = pp.Call
LabelModifierType = pp.LabelModifierType
MatrixSelector = pp.MatrixSelector
NumberLiteral = pp.NumberLiteral
StringLiteral = pp.StringLiteral
SubqueryExpr = pp.SubqueryExpr
UnaryExpr = pp.UnaryExpr
VectorMatchCardinality = pp.VectorMatchCardinality
VectorSelector = pp.VectorSelector
"""Kinds of node, for those who look into trees: nothing else imports the parser."""

MAX_TEXT = promql_text.MAX_TEXT
MAX_BRACKETS = 100
MAX_OPERATORS = 500

_BRACES = re.compile(r"\{[^{}]*\}")
_OPERATORS = re.compile(r"[-+*/%^]|[<>=!]+|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Expression:
    """`valid` is "valid", "invalid" or "unknown" with `error` the reason. `tree` is None unless valid.

    `metrics` are names in order; `matchers` label → values compared with `=`; `range_seconds` the longest window, those
    in the names of recorded metrics included; `absence`: fires when data or a target is missing; `static`: selects no
    metric at all (`vector(1)`); `timed`: looks at the clock (`time() - x`, `hour()`, `cert_ttl_seconds`). What is not
    parsed is looked through as text, which tells the same less surely.
    """

    text: str
    valid: str
    error: str = ""
    tree: Node = field(default=None, compare=False, repr=False)
    metrics: tuple[str, ...] = ()
    matchers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    range_seconds: int = 0
    absence: bool = False
    static: bool = False
    timed: bool = False

    @property
    def instant(self) -> bool:
        """Whether a single sample decides: a metric is read, over no window, and nothing measures time."""
        return not (self.static or self.timed or self.range_seconds)


@lru_cache(maxsize=512)
def parse(text: str, dialect: str = "promql") -> Expression:
    """Read an expression. `dialect` is promql, metricsql (a failure proves nothing) or logql (never parsed)."""
    if reason := _beyond_us(text, dialect):
        return unknown(text, reason)
    try:
        tree = pp.parse(text)
    except (ValueError, RecursionError) as error:
        return _refused(text, dialect, error)
    return _describe(text, tree)


def unknown(text: str, reason: str) -> Expression:
    """An expression that is not to be parsed; its plain `label="value"` matchers still help to attribute it."""
    return Expression(
        text,
        "unknown",
        reason,
        matchers=promql_text.matchers(text),
        range_seconds=promql_text.longest_range(text),
        absence=promql_text.asks_for_absence(text),
        timed=promql_text.looks_at_the_clock(text),
    )


def walk(tree: Node) -> Iterator[Node]:
    """Every node, parents first, left before right; without recursion."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def children(node: Node) -> list[Node]:
    """The nodes directly under one, in the order they are written."""
    if isinstance(node, pp.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, pp.Call):
        return list(node.args)
    if isinstance(node, pp.AggregateExpr):
        return [node.expr] if node.param is None else [node.param, node.expr]
    if isinstance(node, pp.MatrixSelector):
        return [node.vector_selector]
    if isinstance(node, pp.ParenExpr | pp.UnaryExpr | pp.SubqueryExpr):
        return [node.expr]
    return []


def bare(node: Node) -> Node:
    """A node without the brackets around it."""
    while isinstance(node, pp.ParenExpr):
        node = node.expr
    return node


def equalities(selector: Node) -> Iterator[tuple[str, str]]:
    """(label, value) of a selector's `=` matchers, `__name__` left out."""
    for matcher in selector.matchers.matchers:
        if matcher.op == pp.MatchOp.Equal and matcher.name != "__name__":
            yield matcher.name, matcher.value


def metric_name(selector: Node) -> str:
    """A selector's metric, also when written `{__name__="x"}`; "" when it has none or several."""
    if selector.name:
        return str(selector.name)
    for matcher in selector.matchers.matchers:
        if matcher.op == pp.MatchOp.Equal and matcher.name == "__name__":
            return str(matcher.value)
    return ""


def constant(node: Node) -> float | None:
    """The number an expression of literals folds to, or None. Depth is bounded by what `parse` lets through."""
    node = bare(node)
    if isinstance(node, pp.NumberLiteral):
        return float(node.val)
    if isinstance(node, pp.UnaryExpr):
        inner = constant(node.expr)
        return None if inner is None else -inner
    if not isinstance(node, pp.BinaryExpr):
        return None
    left = constant(node.lhs)
    right = None if left is None else constant(node.rhs)
    return None if left is None or right is None else _apply(str(node.op), left, right)


def milliseconds(node: Node) -> int:
    """The range of a matrix selector or subquery."""
    return 0 if node.range is None else int(node.range.total_seconds() * 1000)


def _apply(operator: str, left: float, right: float) -> float | None:
    try:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "%":
                return left % right
            case "^":
                power = left**right
                return power if isinstance(power, float) else None
    except ArithmeticError:
        return None
    return None


def _beyond_us(text: str, dialect: str) -> str:
    if dialect == "logql":
        return "LogQL is not evaluated"
    if len(text) > MAX_TEXT:
        return f"is longer than {MAX_TEXT} characters"
    plain = promql_text.plain(text)
    if promql_text.VARIABLES.search(plain):
        return "holds a template variable"
    depth = deepest = 0
    for character in plain:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    if deepest > MAX_BRACKETS or len(_OPERATORS.findall(_BRACES.sub("", plain))) > MAX_OPERATORS:
        return "is too deeply nested to be parsed safely"
    return ""


def _refused(text: str, dialect: str, error: Exception) -> Expression:
    plain = promql_text.plain(text)
    if dialect == "metricsql":
        reason = "MetricsQL is not evaluated"
    elif language := promql_text.other_language(plain):
        reason = f"looks like {language}, which is not evaluated"
    elif promql_text.VARIABLES.search(text):
        reason = "holds a template variable"
    elif isinstance(error, RecursionError):
        reason = "is too deeply nested to be parsed safely"
    else:
        message = (str(error).strip() or "is not PromQL").splitlines()[0][:200]
        return Expression(text, "invalid", message, matchers=promql_text.matchers(text))
    return unknown(text, reason)


def _describe(text: str, tree: Node) -> Expression:
    metrics: dict[str, None] = {}
    matchers: dict[str, dict[str, None]] = {}
    longest, selects, absence, timed = 0.0, False, False, False
    for node in walk(tree):
        if isinstance(node, pp.VectorSelector):
            selects = True
            if name := metric_name(node):
                metrics[name] = None
                timed = timed or promql_text.counts_down(name)
                longest = max(
                    [longest, *(promql_text.seconds(window) for window in promql_text.RECORDED_WINDOW.findall(name))]
                )
            for label, value in equalities(node):
                if value:
                    matchers.setdefault(label, {})[value] = None
        elif isinstance(node, pp.MatrixSelector | pp.SubqueryExpr):
            longest = max(longest, milliseconds(node) / 1000)
        elif isinstance(node, pp.Call):
            absence = absence or node.func.name in ("absent", "absent_over_time")
            timed = timed or node.func.name in promql_text.CLOCKS
        elif isinstance(node, pp.BinaryExpr):
            absence = absence or _is_target_down(node)
    return Expression(
        text,
        "valid",
        tree=tree,
        metrics=tuple(metrics),
        matchers={label: tuple(values) for label, values in matchers.items()},
        range_seconds=int(longest),
        absence=absence,
        static=not selects,
        timed=timed,
    )


def _is_target_down(node: Node) -> bool:
    """`up == 0`, `up != 1`, `up < 1`, and the same around a function or aggregation of `up`."""
    threshold = constant(node.rhs)
    if threshold is None:
        return False
    operator = str(node.op)
    if not (operator in ("<", "<=") or (operator, threshold) in (("==", 0.0), ("!=", 1.0))):
        return False
    names = {metric_name(part) for part in walk(node.lhs) if isinstance(part, pp.VectorSelector)}
    return names == {"up"}
