"""What makes one rule wrong, apart from its expression. Source: prometheus `model/rulefmt/rulefmt.go`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.formats import templates
from app.formats.model import Finding
from app.lib import times
from app.lib.documents import line_of

_FIELDS = frozenset(
    ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations", "debug", "update_entries_limit"]
)
_ALERT_ONLY = ("for", "keep_firing_for", "annotations")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def check(rule: dict[str, Any], line: int) -> Iterator[Finding]:
    """Everything wrong with a rule but its expression's syntax. `line` is where the rule begins."""
    yield from _check_kind(rule, line)
    yield from _check_fields(rule)
    for key in ("for", "keep_firing_for"):
        if (problem := duration_problem(rule.get(key))) is not None:
            yield Finding(line_of(rule, key), "rule-duration", f"`{key}`: {problem}")
    for key in ("labels", "annotations"):
        yield from _check_names(rule, key)


def _check_kind(rule: dict[str, Any], line: int) -> Iterator[Finding]:
    if rule.get("alert") and rule.get("record"):
        yield Finding(line_of(rule, "record"), "rule-kind", "a rule has `alert` or `record`, not both")
    elif "alert" not in rule and "record" not in rule:
        if not any(templates.TOKEN in key for key in rule):
            yield Finding(line, "rule-kind", "a rule needs `alert` or `record`")
    else:
        key = "record" if rule.get("record") or "alert" not in rule else "alert"
        if not rule[key]:
            yield Finding(line_of(rule, key), "rule-name", f"`{key}` needs a name")
        elif key == "record" and not _is_name(_METRIC, rule[key]):
            yield Finding(line_of(rule, key), "rule-name", f"“{str(rule[key])[:100]}” is not a metric name")
    if "expr" not in rule:
        yield Finding(line, "rule-expr", "a rule needs `expr`")


def _check_fields(rule: dict[str, Any]) -> Iterator[Finding]:
    for key in rule:
        if key not in _FIELDS and templates.TOKEN not in key:
            yield Finding(line_of(rule, key), "rule-field", f"“{key[:100]}” is not a field of a rule")
        elif key in _ALERT_ONLY and "alert" not in rule and "record" in rule and rule[key] is not None:
            yield Finding(line_of(rule, key), "rule-field", f"`{key}` belongs to alerts, not to recording rules")
    for key, mark in getattr(rule, "duplicates", ()):
        yield Finding(mark[0], "rule-duplicate-key", f"“{key[:100]}” is set twice; the last one counts here")


def _check_names(rule: dict[str, Any], key: str) -> Iterator[Finding]:
    held = rule.get(key)
    if held is None or templates.holds_token(held):
        return
    if not isinstance(held, dict):
        yield Finding(line_of(rule, key), "rule-shape", f"`{key}` must be a mapping")
        return
    for name, value in held.items():
        if templates.TOKEN in name:
            continue
        if name == "__name__" or not _LABEL.fullmatch(name):
            reason = "is forbidden" if name == "__name__" else "is not a name that Prometheus before 3.0 accepts"
            yield Finding(line_of(held, name), "rule-label-name", f"“{name[:100]}” in `{key}` {reason}")
        if isinstance(value, dict | list):
            yield Finding(line_of(held, name), "rule-shape", f"“{name[:100]}” in `{key}` must be text")


def duration_problem(value: Any) -> str | None:
    """Why a value is no duration; None when it is one, is absent or only a template knows it."""
    if value is None or value == "" or templates.holds_token(value):
        return None
    if isinstance(value, bool | dict | list):
        return "must be a duration such as 5m"
    try:
        times.parse_duration(str(value)[:100])
    except ValueError as error:
        return str(error)
    return None


def _is_name(pattern: re.Pattern[str], value: Any) -> bool:
    return templates.holds_token(value) or (isinstance(value, str) and pattern.fullmatch(value) is not None)
