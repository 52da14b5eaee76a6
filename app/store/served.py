"""What the serving path reads: stored bodies and their ETags, many entities at once, and whether anything changed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.pool import PoolProxiedConnection

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks
from app.store.tables import entities, results


@dataclass(frozen=True, slots=True)
class ServedResult:
    """One scorecard's result as served, and how fresh it is."""

    scorecard: str
    etag: str
    as_of: datetime | None
    commit: str
    policy_version: str
    body: bytes


_SERVED = tuple(results.c[field.name] for field in fields(ServedResult))


class Served:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight
        self._watch: PoolProxiedConnection | None = None
        self._watching = threading.Lock()

    def stamp(self) -> object:
        """Another value than last time if anything was committed since, by any process. Costs microseconds on SQLite.

        Sources: SQLite's `PRAGMA data_version` (seen from a connection that never writes); PostgreSQL's current
        snapshot, which moves when a writing transaction begins or ends.
        """
        if not self._database.is_sqlite:
            with self._database.read() as connection:
                return connection.execute(text("SELECT CAST(pg_current_snapshot() AS text)")).scalar_one()
        with self._watching:
            if self._watch is None:
                self._watch = self._database.engine.raw_connection()
            cursor = self._watch.cursor()
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchone() or (None,)
            cursor.close()
            return version

    def close(self) -> None:
        """Gives back the connection that watches."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None

    def etags(self, refs: Sequence[EntityRef]) -> dict[EntityRef, tuple[str, ...]]:
        """The ETags of each entity's results, by scorecard; entities without results are absent."""
        at = results.c
        found: dict[EntityRef, tuple[str, ...]] = {}
        for ref, row in self._rows(refs, at.etag):
            found[ref] = (*found.get(ref, ()), row.etag)
        return found

    def results(self, refs: Sequence[EntityRef]) -> dict[EntityRef, list[ServedResult]]:
        """The results of each entity, by scorecard; entities without results are absent."""
        found: dict[EntityRef, list[ServedResult]] = {}
        for ref, row in self._rows(refs, *_SERVED):
            found.setdefault(ref, []).append(ServedResult(*row[1:]))
        return found

    def refs(self, after: EntityRef | None = None, limit: int = 100) -> list[EntityRef]:
        """Living entities that have results, by reference."""
        query = select(results.c.entity).distinct().join(entities, entities.c.ref == results.c.entity)
        living = (entities.c.orphaned_at.is_(None), *self._sight.entities())
        query = query.where(*living).order_by(results.c.entity).limit(limit)
        if after is not None:
            query = query.where(results.c.entity > str(after))
        with self._database.read() as connection:
            return [EntityRef.parse(ref) for ref in connection.execute(query).scalars()]

    def _rows(self, refs: Sequence[EntityRef], *columns: Any) -> list[tuple[EntityRef, Any]]:
        by_text = {str(ref): ref for ref in refs}
        found: list[tuple[EntityRef, Any]] = []
        with self._database.read() as connection:
            for chunk in chunks(by_text):
                query = select(results.c.entity, *columns).where(results.c.entity.in_(chunk))
                query = query.where(*self._sight.of(results.c.entity))
                rows = connection.execute(query.order_by(results.c.entity, results.c.scorecard))
                found += [(by_text[row.entity], row) for row in rows]
        return found
