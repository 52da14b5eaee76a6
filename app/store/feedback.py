"""Whether a check's guidance helped: one voice a person, entity and check, and the worst guidance first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.sql import upsert
from app.store.team_tables import feedback

NOTE_LENGTH = 1000
"""Most characters of a note that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One voice. `author` is an entity reference, or "" where nobody signs in."""

    check: str
    entity: str
    author: str
    helped: bool
    note: str
    at: datetime
    policy_version: str = ""


@dataclass(frozen=True, slots=True)
class Voices:
    """How many were helped by a check's guidance, and how many are still stuck."""

    helped: int
    stuck: int


class FeedbackBook:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def give(self, voice: Feedback) -> None:
        """Keeps a voice; it replaces what the same person said of the same check on the same entity."""
        row = {name: getattr(voice, name) for name in Feedback.__slots__}
        with self._database.write() as connection:
            upsert(connection, feedback, [{**row, "note": voice.note[:NOTE_LENGTH]}])

    def given(self, author: str, since: datetime) -> int:
        """How many voices this person gave since then: what a limit is held against."""
        query = select(func.count()).select_from(feedback).where(feedback.c.author == author, feedback.c.at >= since)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def of_entity(self, entity: str, author: str) -> dict[str, bool]:
        """What one person said of an entity's checks: check → helped."""
        at = feedback.c
        query = select(at.check, at.helped).where(at.entity == entity, at.author == author)
        with self._database.read() as connection:
            return {row.check: row.helped for row in connection.execute(query)}

    def of_check(self, check: str, *, limit: int = 20) -> list[Feedback]:
        """The newest voices with a note, newest first."""
        at = feedback.c
        wanted = (at.check == check, at.note != "", *self._sight.of(at.entity))
        query = select(feedback).where(*wanted).order_by(at.at.desc(), at.entity)
        with self._database.read() as connection:
            return [Feedback(**row) for row in connection.execute(query.limit(limit)).mappings()]

    def by_check(self, since: datetime) -> dict[str, Voices]:
        """Voices since then, by check, most stuck first."""
        at = feedback.c
        helped = func.sum(case((at.helped, 1), else_=0))
        stuck = func.sum(case((at.helped, 0), else_=1))
        query = select(at.check, helped, stuck).where(at.at >= since, *self._sight.of(at.entity)).group_by(at.check)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(stuck.desc(), at.check)).all()
        return {check: Voices(int(yes), int(no)) for check, yes, no in rows}
