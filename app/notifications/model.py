"""Where messages go and what each place wants to hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.catalog.model import EntityRef
from app.store.model import Change

Told = Mapping[str, Any]
"""One change as a message keeps it: `{cursor, at, entity, scorecard, what, before, after, reason, check}`."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, by POST."""

    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """A message ready to be written in some place's words. `id` stays the same over every attempt."""

    id: int
    owner: str
    at: datetime
    changes: Sequence[Told]
    page_url: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One place. `owners` (with the groups below them, resolved by the caller) and the rest empty: everything.

    `url` and `secret` are secrets. `write` turns a note into a request.
    """

    name: str
    url: str = field(repr=False)
    write: Callable[[Target, Note], Request]
    secret: str = field(default="", repr=False)
    owners: tuple[EntityRef, ...] = ()
    scorecards: tuple[str, ...] = ()
    what: tuple[str, ...] = ("level",)
    reasons: tuple[str, ...] = ("code", "waiver", "scope", "time")
    window: timedelta = timedelta(minutes=5)

    def wants(self, change: Change, owner: str, owners: frozenset[str]) -> bool:
        """Whether this place is told. `owners`: every group that counts here, empty for all."""
        return (
            change.what in self.what
            and change.reason in self.reasons
            and (not self.scorecards or change.scorecard in self.scorecards)
            and (not self.owners or owner in owners)
        )
