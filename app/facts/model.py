"""What we saw: facts with their evidence, what could not be seen and why, and all that was read to see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a fact is unknown."""

    NOT_CONNECTED = "not_connected"
    SOURCE_FAILING = "source_failing"
    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be seen: the reason, and one sentence for a person."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact was seen: repository (canonical URL), commit, path and line (from 1), or a URL."""

    repository: str = ""
    commit: str = ""
    path: str = ""
    line: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Read:
    """One thing that was looked at, whether it was there or not. `path` "" stands for the repository as a whole."""

    repository: str
    commit: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSet:
    """What one retriever saw of one entity.

    `values`: full fact name (`alerting.rules`) → typed value; an item list is a list of dicts whose nested parts are
    dicts, each item with `repository`, `commit`, `path`, `line`. Instants are aware datetimes. A fact not seen is
    absent here and stands in `unknown` (full fact name, or `fact.item_field` for one that no item could show). Inside
    an item, an absent field is unknown; `item["unknown"]` may give `{field: message}`. `<group>.unreadable` is a list
    of {path, line, reason}.
    `given_by`: fact → ref of the entity it was inherited from.
    """

    retriever: str
    version: int
    values: Mapping[str, Any]
    unknown: Mapping[str, Unknown] = field(default_factory=dict)
    evidence: Mapping[str, Place] = field(default_factory=dict)
    given_by: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[Read, ...] = ()
    collected_at: datetime
    expires_at: datetime | None = None
    error: str = ""


@dataclass(slots=True)
class Facts:
    """All fact sets of one entity, merged for judging."""

    values: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)
    evidence: dict[str, Place] = field(default_factory=dict)
    given_by: dict[str, str] = field(default_factory=dict)
    collected_at: datetime | None = None
    """The oldest of its fact sets."""
    expires_at: datetime | None = None
    """The first to expire."""

    @classmethod
    def merge(cls, fact_sets: Sequence[FactSet], now: datetime) -> Facts:
        """One view of several fact sets; a set past its `expires_at` counts as unknown (`expired`)."""
        facts = cls()
        for fact_set in fact_sets:
            facts._add(fact_set, now)
        return facts

    def _add(self, fact_set: FactSet, now: datetime) -> None:
        self.collected_at = min(filter(None, (self.collected_at, fact_set.collected_at)))
        if fact_set.expires_at is not None:
            if fact_set.expires_at <= now:
                age = f"last seen {fact_set.collected_at:%Y-%m-%d %H:%M} UTC"
                why = f"{fact_set.error or 'the facts are too old'}; {age}"
                self.unknown.update(dict.fromkeys(fact_set.values, Unknown(Reason.EXPIRED, why)))
                self.unknown.update(fact_set.unknown)
                return
            self.expires_at = min(filter(None, (self.expires_at, fact_set.expires_at)))
        self.values.update(fact_set.values)
        self.unknown.update(fact_set.unknown)
        self.evidence.update(fact_set.evidence)
        self.given_by.update(fact_set.given_by)
