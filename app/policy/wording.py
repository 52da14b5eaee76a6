"""Values of facts as a person reads them in a sentence: what was seen where a rule does not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.facts.dated import NEVER
from app.lib import times
from app.policy import phrases
from app.policy.contented import is_content

_MOST_VALUES = 5
_MOST_TEXT = 80
_OURS = "_problem"
"""Ends the fields that hold a sentence of our own, which is said whole."""
_KINDS = {"runbooks.documents": "runbook", "alerting.rules": "alerting rules", "workloads.manifests": "workloads"}
"""What the items of a list are called, where its name says it less well."""
_SAID_ELSEWHERE = frozenset(("name", "path", "line", "generated", "ignored"))
"""Fields of an item that tell which one it is, or that it is of no interest here."""
_PARAMETER = re.compile(r"\bparams\.[a-z_]\w*")


def of_facts(values: Iterable[tuple[str, Any]], rule: str = "", parameters: Mapping[str, Any] | None = None) -> str:
    """What is amiss: `catalog.owner_kind`, "user" → "its owner is a user"; several are parted by semicolons.

    None was not seen. Where no value is amiss by itself, each stands with its name. What the rule is content with is
    not told; `parameters` as in `of_rule`.
    """
    shown = [(name, value) for name, value in values][:_MOST_VALUES]
    plain = [f"{_label(name.split('.', 1)[-1])}: {said(value)}" for name, value in shown]
    words = [
        "" if is_content(rule, name, value, parameters or {}) else _phrase(phrases.FACTS, name, value)
        for name, value in shown
    ]
    return _amiss(words, plain)


def _phrase(table: Mapping[str, phrases.Words], name: str, value: Any) -> str | None:
    words = phrases.phrase(table, name, value)
    return words.replace("{}", said(value)) if words else words


def _amiss(words: Sequence[str | None], plain: Sequence[str]) -> str:
    """The words there are, and the plain values of what has none; all of the latter where there is nothing to say."""
    told = [text if one is None else one for one, text in zip(words, plain, strict=True)]
    return "; ".join(dict.fromkeys([one for one in told if one] or plain))


def of_item(
    item: Mapping[str, Any],
    names: Iterable[str],
    parameters: Mapping[str, Any] | None = None,
    rule: str = "",
    each: str = "",
) -> str:
    """The same of an item's fields, named `item.…`; what it doesn't have is left out. `each`: the list it is of."""
    fields = [name.removeprefix("item.") for name in names if name.startswith("item.")]
    found = [(field, _walk(item, field.split("."))) for field in fields if field not in _SAID_ELSEWHERE]
    shown = [(field, value) for field, value in found[:_MOST_VALUES] if value is not None]
    known = parameters or {}
    words = [
        "" if is_content(rule, f"item.{field}", value, known) else _said_of(each, field, value, known)
        for field, value in shown
    ]
    return _amiss(words, [_told(item, *one) for one in shown])


def _said_of(each: str, field: str, value: Any, parameters: Mapping[str, Any]) -> str | None:
    if field.endswith(_OURS):
        return _whole(value) if value else ""
    topics = parameters.get("params.topics")
    if field.rpartition(".")[2] == "topics" and isinstance(topics, list | tuple):
        missing = [topic for topic in topics if topic not in value]
        return f"says nothing of {', '.join(missing)}" if missing else ""
    own = phrases.OF_LISTS.get(each, {})
    return _phrase(own if field in own else phrases.FIELDS, field, value)


def _told(item: Mapping[str, Any], field: str, value: Any) -> str:
    """A field's value; where it only says that something is invalid or unknown, the reason that stands beside it."""
    stem = field.removesuffix("_valid")
    why = item.get(f"{stem}_error") if stem != field else None
    if isinstance(why, str) and why:
        return f"{_label(stem)}: {_whole(why)}"
    return f"{_label(field)}: {_whole(value) if field.endswith(_OURS) else said(value)}"


def nothing(each: str) -> str:
    """That a list holds nothing, in the words of its field."""
    return f"nothing to judge: no {_KINDS.get(each) or each.split('.')[-1].replace('_', ' ')}"


def too_few(passed: int, needed: int, observed: Sequence[str]) -> str:
    """That fewer than needed are as they should be; `observed`: what was seen of each that is not."""
    why = observed[0] if len(observed) == 1 and observed[0] else f"{len(observed)} are not as asked"
    return f"{passed} of {needed} needed: {why}"


def rendered_for(item: Mapping[str, Any]) -> str:
    """For which overlays or values files an item is what it is, or what was generated of it, or nothing."""
    if output := item.get("output_path"):
        return f"; as generated into {output}:{item.get('output_line')}"
    told = item.get("environment")
    return f"; as rendered for {said(told)}" if isinstance(told, str) and told not in ("", ".") else ""


def said(value: Any) -> str:
    """One value in a few words."""
    if value is None:
        return "not seen"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in ("", [], (), {}):
        return "none"
    if isinstance(value, datetime):
        return "never" if value == NEVER else f"{value:%Y-%m-%d}"
    if isinstance(value, timedelta):
        return times.format_duration(value)
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def of_rule(rule: str, parameters: Mapping[str, Any]) -> str:
    """A rule with its parameters' values in it: `item.words >= params.min_words` → `item.words >= 150`.

    `parameters` are named `params.…`. Values are written as in CEL, durations as Prometheus writes them.
    """
    return _PARAMETER.sub(lambda match: _written(parameters[match[0]]) if match[0] in parameters else match[0], rule)


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, timedelta):
        return times.format_duration(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, default=str)


def _whole(value: Any) -> str:
    return " ".join(str(value).split()) or "none"


def _label(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _walk(node: Any, path: list[str]) -> Any:
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
