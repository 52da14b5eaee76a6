"""What a person is told of an outcome: its reason, what it rests on, what fails, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.facts.model import Place


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that an outcome rests on: what was asked of it, what was seen, and where."""

    fact: str
    expected: str
    observed: Any
    place: Place = field(default_factory=Place)
    given_by: str = ""


@dataclass(frozen=True, slots=True)
class Offender:
    """One thing that fails the rule. `observed` says in words what was seen of it."""

    name: str
    place: Place
    observed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person is told of an outcome. `code` is an unknown's machine-readable reason (`facts.model.Reason`).

    `blocked_by` is the prerequisite that decided instead of the check itself; its remediation is then this one's, too.
    """

    reason: str = ""
    code: str = ""
    evidence: tuple[Evidence, ...] = ()
    offenders: tuple[Offender, ...] = ()
    offenders_total: int = 0
    remediation: str = ""
    blocked_by: str = ""
