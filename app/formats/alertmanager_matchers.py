"""Alertmanager's matchers, in the classic and the UTF-8 grammar and as the resource writes them.

Source: alertmanager `matcher/parse`, `pkg/labels/parse.go`.
"""

from __future__ import annotations

import re
from typing import Any

_QUOTED = r'"(?:\\.|[^"\\])*+"'
_ONE = re.compile(
    rf"\s*(?P<name>{_QUOTED}|[^\s=!~{{}},\"'`\\]+)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>{_QUOTED}|[^,{{}}\"]*)\s*(?:,|$)"
)
_OPERATORS = frozenset(("=", "!=", "=~", "!~"))
_MOST_TEXT = 8_192


def parse(item: Any) -> list[list[str]]:
    """`[name, operator, value]` of each matcher in `a="b"`, `{a="b", c=~"d.*"}` or `{name, value, matchType}`.

    Raises ValueError on what is no matcher.
    """
    if isinstance(item, dict):
        return [_from_mapping(item)]
    if not isinstance(item, str) or len(item) > _MOST_TEXT:
        raise ValueError('a matcher must be text such as severity="page"')
    text = item.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    found: list[list[str]] = []
    position = 0
    while position < len(text) and text[position:].strip():
        match = _ONE.match(text, position)
        if match is None:
            raise ValueError(f"“{item[:100]}” is not a matcher")
        found.append([_unquote(match["name"]), match["op"], _unquote(match["value"].strip())])
        position = match.end()
    return found


def text_of(value: Any) -> str:
    """A label's value as text; nothing for lists and mappings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _from_mapping(item: dict[str, Any]) -> list[str]:
    name, operator = item.get("name"), item.get("matchType")
    if not isinstance(name, str) or not name:
        raise ValueError("a matcher needs a name")
    if operator is None:
        operator = "=~" if item.get("regex") is True else "="
    if operator not in _OPERATORS:
        raise ValueError(f"“{str(operator)[:20]}” is not a matchType")
    return [name, operator, text_of(item.get("value"))]


def _unquote(text: str) -> str:
    if len(text) < 2 or text[0] != '"':
        return text
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text[1:-1])
