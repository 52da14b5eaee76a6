"""What changed, in the order it was committed, and how results went over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import Change, HistoryRow
from app.store.sql import insert, next_numbers, number
from app.store.tables import changes, history

_CURSOR = "changes"


class Changes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, cursor: int, *, limit: int = 100, entity: EntityRef | None = None) -> list[Change]:
        """Changes with a higher cursor, oldest first. Ask again with the last one's cursor: none is ever skipped."""
        query = select(changes).where(changes.c.cursor > cursor).order_by(changes.c.cursor).limit(limit)
        if entity is not None:
            query = query.where(changes.c.entity == str(entity))
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Change(**{**row, "entity": EntityRef.parse(row["entity"])}) for row in rows]

    def latest(self, *, limit: int = 100, entity: EntityRef | None = None) -> list[Change]:
        """The newest changes, newest first."""
        query = select(changes).order_by(changes.c.cursor.desc()).limit(limit)
        if entity is not None:
            query = query.where(changes.c.entity == str(entity))
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Change(**{**row, "entity": EntityRef.parse(row["entity"])}) for row in rows]

    def cursor(self) -> int:
        """The cursor of the newest change; 0 when there is none."""
        with self._database.read() as connection:
            return number(connection, _CURSOR)

    def history(
        self, ref: EntityRef, *, scorecard: str | None = None, since: datetime | None = None, limit: int = 1000
    ) -> list[HistoryRow]:
        """How an entity's results went, oldest first; at most the newest `limit` points."""
        query = select(history).where(history.c.entity == str(ref))
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
