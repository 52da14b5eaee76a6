"""Which labels an expression's result can carry, as far as its text decides it.

An annotation that prints `$labels.pod` after `sum by (namespace) (…)` prints nothing. Rules of label survival:
Prometheus `promql/engine.go` (aggregation, resultMetric) and the documentation of functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.formats import promql
from app.formats.promql import Expression, Node

_USED = re.compile(r"(?:\$labels|\$?\.Labels)\.([A-Za-z_]\w*)")
_ACTION = re.compile(r"\{\{((?:(?!\{\{|\}\}).)*+)\}\}", re.DOTALL)
_INDEXED = re.compile(r'index\s+(?:\$labels|\$?\.Labels)\s+"([^"]*)"')
_KEEP_ELEMENTS = frozenset(("topk", "bottomk", "limitk", "limit_ratio"))
_MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Labels:
    """A set of label names: exactly `only`, or when that is None any but `without`."""

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        return name in self.only if self.only is not None else name not in self.without

    def keep(self, names: frozenset[str]) -> Labels:
        return Labels(frozenset(name for name in names if self.has(name)))

    def drop(self, names: frozenset[str]) -> Labels:
        return Labels(None, self.without | names) if self.only is None else Labels(self.only - names)

    def add(self, names: frozenset[str]) -> Labels:
        return Labels(None, self.without - names) if self.only is None else Labels(self.only | names)

    def union(self, other: Labels) -> Labels:
        if self.only is not None and other.only is not None:
            return Labels(self.only | other.only)
        missing = (self.without if self.only is None else other.without) - (self.only or other.only or frozenset())
        return Labels(
            None, missing if self.only is not None or other.only is not None else self.without & other.without
        )


NONE = Labels(frozenset())
ANY = Labels()


def unavailable(expression: Expression, templates: list[str]) -> tuple[str, ...]:
    """Labels that the templates print though the result never carries them; empty when undecidable.

    `alertname` counts: it is added after templates are expanded, unless the expression selects ALERTS itself.
    """
    used = used_labels(templates)
    if not used or expression.tree is None:
        return ()
    carried = result(expression.tree)
    alerts = any(name.startswith("ALERTS") for name in expression.metrics) or "alertname" in expression.matchers
    nameless = carried.only is None and not alerts
    return tuple(name for name in used if not carried.has(name) or (name == "alertname" and nameless))


def used_labels(templates: list[str]) -> tuple[str, ...]:
    """Names of the labels printed by Prometheus templates, in order. Only text inside `{{ }}` counts."""
    found: dict[str, None] = {}
    for template in templates:
        for action in _ACTION.findall(template[: promql.MAX_TEXT]):
            found.update(dict.fromkeys(_USED.findall(action) + _INDEXED.findall(action)))
    return tuple(found)


def result(tree: Node) -> Labels:
    """The labels of an expression's result."""
    return _labels(tree, 0)


def _labels(node: Node, depth: int) -> Labels:
    if depth > _MAX_DEPTH:
        return ANY
    if isinstance(node, promql.VectorSelector):
        return ANY
    if isinstance(node, promql.NumberLiteral | promql.StringLiteral):
        return NONE
    if isinstance(node, promql.AggregateExpr):
        return _aggregated(node, depth)
    if isinstance(node, promql.BinaryExpr):
        return _joined(node, depth)
    if isinstance(node, promql.Call):
        return _called(node, depth)
    inner = promql.children(node)
    return _labels(inner[0], depth + 1) if inner else ANY


def _aggregated(node: Node, depth: int) -> Labels:
    inner = _labels(node.expr, depth + 1)
    if str(node.op) in _KEEP_ELEMENTS:
        return inner
    if node.modifier is None:
        kept = NONE
    elif node.modifier.type == promql.AggModifierType.By:
        kept = inner.keep(frozenset(node.modifier.labels))
    else:
        kept = inner.drop(frozenset(node.modifier.labels))
    if str(node.op) == "count_values" and isinstance(node.param, promql.StringLiteral):
        return kept.add(frozenset((node.param.val,)))
    return kept


def _joined(node: Node, depth: int) -> Labels:
    left, right = _labels(node.lhs, depth + 1), _labels(node.rhs, depth + 1)
    operator = str(node.op)
    if operator in ("and", "unless"):
        return left
    if operator == "or":
        return left.union(right)
    if _is_scalar(node.rhs):
        return left
    if _is_scalar(node.lhs):
        return right
    return _matched(node.modifier, left, right)


def _matched(modifier: Node, left: Labels, right: Labels) -> Labels:
    """The labels of a vector-to-vector operation."""
    if modifier is None:
        return left
    if modifier.card != promql.VectorMatchCardinality.OneToOne:
        many, one = (left, right) if modifier.card == promql.VectorMatchCardinality.ManyToOne else (right, left)
        copied = frozenset(name for name in modifier.group_labels or () if one.has(name))
        return many.add(copied)
    if modifier.matching is None:
        return left
    names = frozenset(modifier.matching.labels)
    return left.keep(names) if modifier.matching.type == promql.LabelModifierType.Include else left.drop(names)


def _called(node: Node, depth: int) -> Labels:
    name = node.func.name
    if name in ("absent", "absent_over_time"):
        return _absent(node)
    if name in ("vector", "scalar", "time", "pi"):
        return NONE
    if name == "info":
        return ANY
    vectors = [argument for argument in node.args if not _is_scalar(argument) and not _is_text(argument)]
    if not vectors:
        return NONE
    inner = _labels(vectors[0], depth + 1)
    if name in ("label_replace", "label_join") and len(node.args) > 1 and _is_text(node.args[1]):
        return inner.add(frozenset((promql.bare(node.args[1]).val,)))
    return inner.drop(frozenset(("le",))) if name == "histogram_quantile" else inner


def _absent(node: Node) -> Labels:
    """`absent` gives back the labels its selector compares with `=`, once each."""
    argument = promql.bare(node.args[0]) if node.args else None
    selector = argument.vector_selector if isinstance(argument, promql.MatrixSelector) else argument
    if not isinstance(selector, promql.VectorSelector):
        return NONE
    names = [label for label, _ in promql.equalities(selector)]
    return Labels(frozenset(name for name in names if names.count(name) == 1))


def _is_text(node: Node) -> bool:
    return isinstance(promql.bare(node), promql.StringLiteral)


def _is_scalar(node: Node) -> bool:
    node = promql.bare(node)
    if isinstance(node, promql.UnaryExpr):
        return _is_scalar(node.expr)
    if isinstance(node, promql.BinaryExpr):
        return _is_scalar(node.lhs) and _is_scalar(node.rhs)
    return isinstance(node, promql.NumberLiteral) or (
        isinstance(node, promql.Call) and node.func.name in ("scalar", "time", "pi")
    )
