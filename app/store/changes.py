"""What changed, in the order it was committed, and how results went over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, literal_column, or_, select, union_all

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import Change, HistoryRow
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks, insert, next_numbers, number
from app.store.tables import changes, entities, history
from app.store.team_tables import standings

_CURSOR = "changes"
NOT_ITS_DOING = ("policy", "data source")
"""Reasons of a change that say nothing of the entity."""
_IS_LEVEL = changes.c.what == literal_column("'level'")
"""A literal: only then a database knows that the index of level changes will do."""
_FEW = 50
"""So many owners are looked up one by one; of more, the newest changes are walked."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How many levels an entity went up (or down, below 0), all its counted changes together."""

    entity: EntityRef
    title: str
    owner: str
    levels: int
    last_at: datetime
    waived: bool = False
    """Whether waivers, granted or ended, are all of it."""


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

    def of_owners(
        self, owners: Sequence[str], scorecard: str, what: str, since: datetime, *, limit: int = 12
    ) -> list[Change]:
        """The newest changes since then of entities of these owners, newest first. `what`: `level` or `outcome`."""
        at, of = changes.c, standings.c
        told = [at.scorecard == scorecard, _IS_LEVEL if what == "level" else at.what == what, at.at >= since]
        told += self._sight.of(at.entity)
        if len(owners) <= _FEW:
            mine = select(of.entity).where(of.owner.in_(owners), of.scorecard == scorecard)
            return self._changes(select(changes).where(at.entity.in_(mine), *told), limit)
        found: list[Change] = []
        for depth in (limit * 20, limit * 400):  # many owners: of the newest changes, most are theirs
            newest = select(changes).where(*told).order_by(at.cursor.desc()).limit(depth).subquery()
            same = and_(of.entity == newest.c.entity, of.scorecard == scorecard)
            found = self._changes(_of_owners(select(newest).join(standings, same), owners), limit, newest.c.cursor)
            if len(found) == limit:
                break
        return found

    def _changes(self, query: Any, limit: int, cursor: Any = changes.c.cursor) -> list[Change]:
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(cursor.desc()).limit(limit)).mappings().all()
        return [Change(**{**row, "entity": EntityRef.parse(row["entity"])}) for row in rows]

    def movements(
        self, scorecard: str, ranks: Mapping[str, int], since: datetime, *, limit: int = 5
    ) -> tuple[list[Movement], list[Movement]]:
        """Entities that rose most and those that fell most since then, leaving out what policy or a source caused.

        `ranks`: level → rank. Each counted change adds its own step, so a policy's change between two others is not
        part of the sum.
        """
        at = changes.c
        step = case(ranks, value=at.after, else_=0) - case(ranks, value=at.before, else_=0)
        told = (
            _IS_LEVEL,
            at.scorecard == scorecard,
            at.at >= since,
            at.reason.not_in(NOT_ITS_DOING),
            *self._sight.of(at.entity),
        )
        waived = func.sum(case((at.reason == "waiver", step), else_=0)).label("waived")
        columns = (at.entity, func.sum(step).label("levels"), waived, func.max(at.at).label("last_at"))
        summed = select(*columns).where(*told).group_by(at.entity).cte("summed")
        best = [_moved(summed, summed.c.levels > 0, summed.c.levels.desc(), limit)]
        best.append(_moved(summed, summed.c.levels < 0, summed.c.levels, limit))
        both = union_all(*best).subquery()
        join = both.join(entities, entities.c.ref == both.c.entity)
        query = select(both, entities.c.title, entities.c.owner).select_from(join)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(func.abs(both.c.levels).desc(), both.c.last_at.desc())).all()
        found = [
            Movement(EntityRef.parse(r.entity), r.title, r.owner, int(r.levels), r.last_at, r.waived == r.levels)
            for r in rows
        ]
        return [one for one in found if one.levels > 0], [one for one in found if one.levels < 0]

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


def _of_owners(query: Any, owners: Sequence[str]) -> Any:
    return query.where(or_(*(standings.c.owner.in_(chunk) for chunk in chunks(owners))))


def _moved(summed: Any, which: Any, order: Any, limit: int) -> Any:
    best = select(summed).where(which).order_by(order, summed.c.last_at.desc()).limit(limit).subquery()
    return select(best)


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
