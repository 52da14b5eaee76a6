"""What changed, in the order it was committed, and how results went over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import Change, HistoryRow
from app.store.sight import EVERYTHING, Sight
from app.store.sql import insert, next_numbers, number
from app.store.tables import changes, entities, history

_CURSOR = "changes"
NOT_ITS_DOING = ("policy", "data source")
"""Reasons of a change that say nothing of the entity."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How many levels an entity went up (or down, below 0), all its counted changes together."""

    entity: EntityRef
    title: str
    owner: str
    levels: int
    last_at: datetime


class Changes:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def after(
        self,
        cursor: int,
        *,
        limit: int = 100,
        entity: EntityRef | None = None,
        owners: Sequence[str] | None = None,
    ) -> list[Change]:
        """Changes with a higher cursor, oldest first. Ask again with the last one's cursor: none is ever skipped.

        `owners`: only of what one of these owns now.
        """
        wanted = (changes.c.cursor > cursor, *self._sight.of(changes.c.entity))
        query = select(changes).where(*wanted).order_by(changes.c.cursor).limit(limit)
        if entity is not None:
            query = query.where(changes.c.entity == str(entity))
        if owners is not None:
            owned = select(entities.c.ref).where(entities.c.owner.in_(owners))
            query = query.where(changes.c.entity.in_(owned))
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Change(**{**row, "entity": EntityRef.parse(row["entity"])}) for row in rows]

    def latest(self, *, limit: int = 100, entity: EntityRef | None = None) -> list[Change]:
        """The newest changes, newest first."""
        query = select(changes).where(*self._sight.of(changes.c.entity)).order_by(changes.c.cursor.desc()).limit(limit)
        if entity is not None:
            query = query.where(changes.c.entity == str(entity))
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Change(**{**row, "entity": EntityRef.parse(row["entity"])}) for row in rows]

    def of_owners(self, owners: Sequence[str], since: datetime, *, limit: int = 20) -> list[Change]:
        """Changes of the entities of these owners since then, newest first: levels before single checks."""
        at = changes.c
        join = changes.join(entities, entities.c.ref == at.entity)
        where = (entities.c.owner.in_(owners), at.at >= since, *self._sight.entities())
        query = select(changes).select_from(join).where(*where).order_by(at.what, at.cursor.desc()).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Change(**{**row, "entity": EntityRef.parse(row["entity"])}) for row in rows]

    def movements(
        self, scorecard: str, ranks: Mapping[str, int], since: datetime, *, rising: bool, limit: int = 5
    ) -> list[Movement]:
        """Entities that rose (or fell) most since then, leaving out what policy or a data source caused.

        `ranks`: level → rank. Each counted change adds its own step, so a policy's change between two others is not
        part of the sum.
        """
        at = changes.c
        step = case(ranks, value=at.after, else_=0) - case(ranks, value=at.before, else_=0)
        total = func.sum(step).label("levels")
        told = (at.what == "level", at.scorecard == scorecard, at.at >= since, at.reason.not_in(NOT_ITS_DOING))
        summed = select(at.entity, total, func.max(at.at).label("last_at")).where(*told).group_by(at.entity)
        moved = summed.having(total > 0 if rising else total < 0).subquery()
        order = (moved.c.levels.desc() if rising else moved.c.levels, moved.c.last_at.desc())
        join = moved.join(entities, entities.c.ref == moved.c.entity)
        seen = select(moved, entities.c.title, entities.c.owner).select_from(join).where(*self._sight.entities())
        query = seen.order_by(*order).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Movement(EntityRef.parse(r.entity), r.title, r.owner, int(r.levels), r.last_at) for r in rows]

    def cursor(self) -> int:
        """The cursor of the newest change; 0 when there is none."""
        with self._database.read() as connection:
            return number(connection, _CURSOR)

    def history(
        self, ref: EntityRef, *, scorecard: str | None = None, since: datetime | None = None, limit: int = 1000
    ) -> list[HistoryRow]:
        """How an entity's results went, oldest first; at most the newest `limit` points."""
        query = select(history).where(history.c.entity == str(ref), *self._sight.of(history.c.entity))
        if scorecard is not None:
            query = query.where(history.c.scorecard == scorecard)
        if since is not None:
            query = query.where(history.c.at >= since)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(history.c.at.desc(), history.c.id.desc()).limit(limit)).all()
        return [
            HistoryRow(
                scorecard=row.scorecard,
                at=row.at,
                level=row.level,
                score=row.score,
                coverage=row.coverage,
                reason=row.reason,
            )
            for row in reversed(rows)
        ]

    def count(self) -> int:
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(changes)).scalar_one()


def tell(connection: Connection, found: Sequence[Change]) -> None:
    """Appends changes within a transaction."""
    if not found:
        return
    first = next_numbers(connection, _CURSOR, len(found))
    insert(
        connection,
        changes,
        [
            {
                "cursor": first + position,
                "at": change.at,
                "entity": str(change.entity),
                "scorecard": change.scorecard,
                "what": change.what,
                "before": change.before,
                "after": change.after,
                "reason": change.reason,
                "detail": dict(change.detail),
            }
            for position, change in enumerate(found)
        ],
    )
