"""Label selectors. A label that only a template knows matches itself: charts write one `include` in both places."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from app.formats.workloads.marking import OPEN
from app.formats.workloads.resource import Resource

Labels = Mapping[str, str]
_MOST_LABELS = 100


def labels_of(value: Any) -> dict[str, str]:
    """Labels as text; a mapping that a template writes is one label, the expression itself."""
    if isinstance(value, str):
        return {_bare(value): ""} if OPEN in value else {}
    if not isinstance(value, dict):
        return {}
    few = islice(value.items(), _MOST_LABELS)
    return {(_bare(key) if OPEN in key else key): str(one) for key, one in few if isinstance(one, str | int)}


def _bare(expression: str) -> str:
    """An expression without how far it indents, so that the same `include` is the same label everywhere."""
    return expression.partition("|")[0].strip(f" {OPEN}\ue001")


def match_labels(selector: Any) -> dict[str, str]:
    return labels_of(selector.get("matchLabels")) if isinstance(selector, dict) else labels_of(selector)


def selects(selector: Any, *labels: Labels) -> bool:
    """Whether a selector picks what carries these labels (given as one or more sets that all belong to it)."""
    carried = {key: value for one in labels for key, value in one.items()}
    if isinstance(selector, str):
        return OPEN in selector and _bare(selector) in carried
    if not isinstance(selector, dict):
        return False
    if not all(carried.get(key) == value for key, value in match_labels(selector).items()):
        return False
    expressions = selector.get("matchExpressions")
    return all(_holds(one, carried) for one in expressions) if isinstance(expressions, list) else True


def _holds(expression: Any, labels: Labels) -> bool:
    if not isinstance(expression, dict):
        return False
    key, operator, values = expression.get("key"), expression.get("operator"), expression.get("values")
    listed = [str(value) for value in values] if isinstance(values, list) else []
    answers = {
        "In": labels.get(str(key)) in listed,
        "NotIn": labels.get(str(key)) not in listed,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return answers.get(str(operator), False)


def together(one: Resource, other: Resource) -> bool:
    """Rendered for the same environment, and not in two namespaces. What names no namespace goes along."""
    spaces = {one.namespace, other.namespace} - {""}
    return one.environment == other.environment and len(spaces) < 2
