"""Helm's functions that depend on nothing but their arguments, and what stands for a value that is not known.

Source: Helm's and Sprig's function references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any


class Unseen:
    """What a value would be is not known here."""

    def __repr__(self) -> str:
        return "unseen"


UNSEEN = Unseen()


class Opaque(str):
    """Text whose value is not known, but which is the same wherever the same expression stands (an `include`)."""


def is_seen(value: Any) -> bool:
    return not isinstance(value, Unseen | Opaque)


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Unseen when any argument is."""
    return lambda *arguments: function(*arguments) if all(is_seen(one) for one in arguments) else UNSEEN


def _default(fallback: Any, value: Any = None) -> Any:
    return value if not is_seen(value) or value else fallback


def _and(*values: Any) -> Any:
    for value in values:
        if is_seen(value) and not value:
            return value
    return values[-1] if all(is_seen(value) for value in values) else UNSEEN


def _or(*values: Any) -> Any:
    for value in values:
        if not is_seen(value):
            return UNSEEN
        if value:
            return value
    return values[-1]


def rendered(value: Any, *_: Any) -> Any:
    """`tpl` of a value without a template of its own."""
    return UNSEEN if isinstance(value, str) and "{{" in value else value


def _formatted(pattern: str, *values: Any) -> str:
    parts = re.split(r"%[svdq]", pattern)
    if len(parts) != len(values) + 1:
        raise ValueError("has another number of arguments")
    return "".join(piece for pair in zip(parts, [*map(as_text, values), ""], strict=True) for piece in pair)


def _dict(*pairs: Any) -> dict[str, Any]:
    return {str(key): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _without(value: Any, *keys: Any) -> Any:
    return {key: inner for key, inner in value.items() if key not in keys} if isinstance(value, dict) else UNSEEN


def _only(value: Any, *keys: Any) -> Any:
    return {key: inner for key, inner in value.items() if key in keys} if isinstance(value, dict) else UNSEEN


def _same(value: Any, *_: Any) -> Any:
    return value


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "default": _default,
    "and": _and,
    "or": _or,
    "not": _seen(lambda value: not value),
    "empty": _seen(lambda value: not value),
    "coalesce": _or,
    "ternary": _seen(lambda yes, no, test: yes if test else no),
    "required": lambda _, value: value,
    "tpl": _seen(rendered),
    "dict": _dict,
    "list": lambda *values: list(values),
    "omit": _without,
    "pick": _only,
    "toYaml": _same,
    "fromYaml": _same,
    "nindent": lambda _, value: value,
    "indent": lambda _, value: value,
    "quote": _seen(lambda value: "" if value is None else as_text(value)),
    "squote": _seen(lambda value: "" if value is None else as_text(value)),
    "toString": _seen(as_text),
    "int": _seen(lambda value: int(float(value or 0))),
    "int64": _seen(lambda value: int(float(value or 0))),
    "float64": _seen(lambda value: float(value or 0)),
    "trim": _seen(lambda value: str(value).strip()),
    "trunc": _seen(lambda size, value: str(value)[: int(size)]),
    "trimSuffix": _seen(lambda suffix, value: str(value).removesuffix(suffix)),
    "trimPrefix": _seen(lambda prefix, value: str(value).removeprefix(prefix)),
    "lower": _seen(lambda value: str(value).lower()),
    "upper": _seen(lambda value: str(value).upper()),
    "printf": _seen(_formatted),
    "eq": _seen(lambda value, *others: value in others),
    "ne": _seen(lambda value, other: value != other),
    "gt": _seen(lambda value, other: value > other),
    "ge": _seen(lambda value, other: value >= other),
    "lt": _seen(lambda value, other: value < other),
    "le": _seen(lambda value, other: value <= other),
}
