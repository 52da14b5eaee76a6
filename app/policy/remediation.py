"""Remediation texts: `{{ item.name }}`, `{{ entity.name }}`, `{{ params.x }}` and scalar facts, as plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.lib import times

_PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+(?:\.[a-z_]+)*)\s*\}\}")
_GAP = re.compile(r"(?<=\S)  +")
_MAX_VALUE = 200


def placeholders(template: str) -> list[str]:
    """The dotted names a text wants filled."""
    return _PLACEHOLDER.findall(template)


def generic(template: str) -> str:
    """The text for no entity in particular: "…" where its names would stand."""
    return _PLACEHOLDER.sub("…", template).strip()


def render(template: str, item: Mapping[str, Any], seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """The text for one entity. `item` is the first offender; "…" stands for what is not known."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = _walk(item, name[5:].split(".")) if name.startswith("item.") else parameters.get(name, seen.get(name))
        if found == "" and _ends_it(template, match):
            return ""  # a sentence of its own, such as what is wrong with a probe, where nothing is
        return text_of(found)

    return _GAP.sub(" ", _PLACEHOLDER.sub(value, template)).strip()


def text_of(value: Any) -> str:
    """A value as a person reads it in a sentence, on one line and not too long."""
    if value is None or value == "":
        return "…"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return times.format_duration(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, list | tuple):
        return ", ".join(text_of(part) for part in value) or "none"
    return " ".join(str(value).split())[:_MAX_VALUE]


def _ends_it(template: str, match: re.Match[str]) -> bool:
    """Whether nothing but names to fill stands after the last full stop before this one."""
    before, after = (
        _PLACEHOLDER.sub("", part).strip() for part in (template[: match.start()], template[match.end() :])
    )
    return before.endswith(".") and not after


def _walk(node: Any, path: list[str]) -> Any:
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
