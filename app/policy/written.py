"""Parts of policy documents as shapes, which `model` puts together: parameters, examples, scopes, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.policy.rules import Rule


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """What is wrong in a policy document, and where. `line` and `column` count from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or list that a rule uses. `default` and `by_tier` hold typed values (durations as timedelta)."""

    type: str
    default: Any
    doc: str = ""
    by_tier: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Facts and the outcome they must give. `unknown`: full fact name → reason."""

    facts: Mapping[str, Any]
    unknown: Mapping[str, str]
    entity: Mapping[str, Any]
    parameters: Mapping[str, Any]
    now: datetime | None
    outcome: str
    offenders: tuple[str, ...] | None
    line: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which of a scorecard's entities some of its checks are for: `title` ends "asked only of …"."""

    title: str
    applies_to: Rule
