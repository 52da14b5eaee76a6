"""Rules that a chart keeps in its values: `prometheusRule: {enabled, rules: [...]}` and the many shapes like it.

Only files named like values are asked: elsewhere such a list is nobody's rules. A template of the chart puts them into
a PrometheusRule, so a `{{ … }}` in them may be the chart's own; it is taken out as in a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from app.formats import templates
from app.lib import documents
from app.lib.documents import Document

_FILE = re.compile(r"(.*/)?(values([-_.][^/]*)?|[^/]*[-_.]values|values/[^/]+)\.ya?ml")
_DEPTH = 8
_MOST_LISTS = 200
_RULE = (("alert", "expr"), ("record", "expr"))


@dataclass(frozen=True, slots=True)
class Held:
    """Rules as a document of their own. `switched_off`: a value beside or above them says `enabled: false`."""

    document: Document
    switched_off: bool


def is_values_file(path: str) -> bool:
    return _FILE.fullmatch(path.lower()) is not None


def rules_in(document: Document) -> Iterator[Held]:
    """Every list (or mapping) of rules in a chart's values, as a rule group named after its key."""
    value = document.value
    if not isinstance(value, dict) or "apiVersion" in value or "groups" in value:
        return
    for keys, holder, off in islice(_holders(value, (), False, 0), _MOST_LISTS):
        group = {"name": ".".join(keys), "rules": _neutral(holder)}
        yield Held(replace(document, value={"groups": [group]}, line=_line(holder, document), within=None), off)


def _holders(value: Any, keys: tuple[str, ...], off: bool, depth: int) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """Lists of rules below a value, with the keys that lead there. What stands in groups is read by others."""
    if depth > _DEPTH or not isinstance(value, dict):
        return
    off = off or value.get("enabled") is False
    for key, held in value.items():
        if key == "groups":
            continue
        if isinstance(held, list) and any(_is_rule(item) for item in held):
            yield (*keys, key), held, off
        elif isinstance(held, dict) and held and all(_is_rule(item) for item in held.values()):
            yield (*keys, key), _listed(held), off
        else:
            yield from _holders(held, (*keys, key), off, depth + 1)


def _is_rule(item: Any) -> bool:
    return isinstance(item, dict) and any(all(key in item for key in keys) for keys in _RULE)


def _listed(rules: Any) -> documents.Sequence:
    """A mapping of rules as the list that a template's `range` makes of it; `enabled` is the chart's word for it."""
    listed = documents.Sequence(getattr(rules, "mark", (1, 1)))
    for key, rule in rules.items():
        if rule.get("enabled") is False:
            continue
        listed.append(rule)
        listed.marks.append((documents.line_of(rules, key), 1))
    return listed


def _line(holder: Any, document: Document) -> int:
    return documents.line_of(holder) if isinstance(holder, documents.Sequence) else document.line


def _neutral(value: Any) -> Any:
    """The same value with a chart's own actions taken out of its texts; marks are kept."""
    if isinstance(value, str):
        return templates.neutralise(value).text if "{{" in value else value
    if isinstance(value, documents.Mapping):
        copy = documents.Mapping(value.mark)
        copy.marks, copy.blocks = value.marks, value.blocks
        copy.update((key, _neutral(held)) for key, held in value.items() if key != "enabled")
        return copy
    if isinstance(value, documents.Sequence):
        listed = documents.Sequence(value.mark)
        listed.marks = value.marks
        listed.extend(_neutral(item) for item in value)
        return listed
    return value
