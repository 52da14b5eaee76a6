"""Where a rule stands: what holds it, what it inherits, and how its scalars read as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.lib.redaction import without_secrets


@dataclass(frozen=True, slots=True)
class Origin:
    """What holds the rules. `dialect` is promql, metricsql or logql; `source` is an AlertRule's."""

    source: str
    dialect: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """What a rule inherits and where it ends (`end`: the line before the next rule's, or 0 when not known)."""

    group: str
    labels: Mapping[str, str]
    origin: Origin
    line: int
    end: int
    holes: frozenset[int]

    def has_hole(self, first: int, last: int) -> bool:
        """Whether a template action that writes lines stood between two lines, both included."""
        return any(first <= hole <= last for hole in self.holes) if self.holes else False


def text_of(value: Any) -> str | None:
    """A scalar as rulefmt reads it into text, stripped; None for a list or mapping."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip()
    return None


def texts(value: Any) -> dict[str, str]:
    """A mapping's scalar entries as text, without secrets in URLs; anything else is left out."""
    if not isinstance(value, dict):
        return {}
    found = ((key, text_of(item)) for key, item in value.items())
    return {key: without_secrets(text) for key, text in found if text is not None}
