"""What a retriever fills in while it looks: values, what it could not see, evidence, and all it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.catalog.model import Entity
from app.facts.inventory import Found
from app.facts.model import FactSet, Place, Read, Reason, Unknown
from app.facts.unseen import UnreadablePlace
from app.lib.documents import Mapping as MarkedMapping
from app.lib.times import parse_instant

Item = dict[str, Any]


@dataclass(slots=True)
class Seen:
    values: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)
    evidence: dict[str, Place] = field(default_factory=dict)
    given_by: dict[str, str] = field(default_factory=dict)
    reads: set[Read] = field(default_factory=set)
    expires_at: datetime | None = None
    """When the first of what was seen stops to hold; only for what was reported to us."""

    def unseen(self, fact: str, reason: Reason, message: str) -> None:
        """The fact can't be seen; it never has a value as well."""
        self.values.pop(fact, None)
        self.unknown[fact] = Unknown(reason, message)

    def holds_until(self, at: datetime) -> None:
        """What was seen is not to be believed after an instant; the earliest counts."""
        self.expires_at = min(filter(None, (self.expires_at, at)))

    def looked_at(self, repository: str, commit: str, path: str) -> None:
        """Records a look at a place, whether anything was there or not: it decides what a later push makes due."""
        if repository:
            self.reads.add(Read(repository, commit, path))

    def found(self, things: Iterable[Found | UnreadablePlace]) -> None:
        for thing in things:
            self.looked_at(thing.repository, thing.commit, thing.path)

    def fact_set(self, retriever: str, version: int, now: datetime) -> FactSet:
        return FactSet(
            retriever=retriever,
            version=version,
            values=self.values,
            unknown=self.unknown,
            evidence=self.evidence,
            given_by=self.given_by,
            reads=tuple(sorted(self.reads)),
            collected_at=now,
            expires_at=self.expires_at,
        )


PLACE = ("repository", "commit", "path", "line", "ignored")
"""The fields of an item that say where it was seen."""


def place_of(found: Found) -> Item:
    """The fields every item has: where it was seen."""
    return {
        "repository": found.repository,
        "commit": found.commit,
        "path": found.path,
        "line": found.object.line,
        "ignored": found.ignored,
    }


def entity_place(entity: Entity, commit: str, *keys: str) -> Item:
    """Where the entity says something: the line of the innermost of `keys` that its descriptor has."""
    line, part = entity.line, entity.document
    for key in keys:
        if not isinstance(part, Mapping) or key not in part:
            break
        if isinstance(part, MarkedMapping) and key in part.marks:
            line = part.marks[key][0]
        part = part[key]
    return {"repository": entity.repository, "commit": commit, "path": entity.path, "line": line}


def unreadable_items(places: Iterable[UnreadablePlace]) -> list[Item]:
    return [
        {
            "reason": place.reason,
            "ignored": place.ignored,
            "repository": place.repository,
            "commit": place.commit,
            "path": place.path,
            "line": place.line,
        }
        for place in places
    ]


def due_at(date: str) -> Item:
    """`{"due_at": end of that day}`, or nothing where the text states no date. As an instant, judging sees it pass."""
    try:
        return {"due_at": parse_instant(date) + timedelta(days=1)}
    except (ValueError, OverflowError):
        return {}


def words(text: str) -> int:
    return len(text.split())
