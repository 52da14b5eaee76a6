"""Who is at work: each worker says every few seconds that it lives. For readiness, metrics and the page of sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from app.store.engine import Database
from app.store.sql import upsert
from app.store.tables_work import workers

_FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkerState:
    owner: str
    started_at: datetime
    seen_at: datetime
    running: int


class Workers:
    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, owner: str, started_at: datetime, running: int, now: datetime) -> None:
        """Says that a worker lives; forgets those that have been silent for a day."""
        row = {"owner": owner, "started_at": started_at, "seen_at": now, "running": running}
        with self._database.write() as connection:
            upsert(connection, workers, [row])
            connection.execute(delete(workers).where(workers.c.seen_at < now - _FORGET_AFTER))

    def leave(self, owner: str) -> None:
        """A worker that ends says so."""
        with self._database.write() as connection:
            connection.execute(delete(workers).where(workers.c.owner == owner))

    def heard_at(self) -> datetime | None:
        """When a worker last said that it lives; None where none is known of."""
        with self._database.read() as connection:
            found: datetime | None = connection.execute(select(func.max(workers.c.seen_at))).scalar()
        return found

    def all(self) -> list[WorkerState]:
        """Every worker that did not say goodbye, the last seen first; the dead ones among them grow old."""
        columns = (workers.c.owner, workers.c.started_at, workers.c.seen_at, workers.c.running)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).order_by(workers.c.seen_at.desc())).all()
        return [WorkerState(*row) for row in rows]
