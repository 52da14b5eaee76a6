"""Counts over everything, for metrics and for the pages of scorecards and checks."""

from __future__ import annotations

from sqlalchemy import func, select

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import refs_of
from app.store.sight import EVERYTHING, Sight
from app.store.tables import outcomes, repositories


class Tally:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def repositories(self) -> tuple[int, int]:
        """(all that are listed, those whose last refresh failed)."""
        living = repositories.c.orphaned_at.is_(None)
        count = select(func.count()).select_from(repositories).where(living)
        with self._database.read() as connection:
            total = connection.execute(count).scalar_one()
            return total, connection.execute(count.where(repositories.c.failures > 0)).scalar_one()

    def outcomes(self, scorecard: str) -> dict[str, dict[str, int]]:
        """Check → outcome → how many entities."""
        columns = (outcomes.c.check, outcomes.c.outcome)
        query = (
            select(*columns, func.count().label("found"))
            .where(outcomes.c.scorecard == scorecard, *self._sight.of(outcomes.c.entity))
            .group_by(*columns)
        )
        counts: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                counts.setdefault(row.check, {})[row.outcome] = row.found
        return counts

    def with_outcome(self, check: str, outcome: str, *, limit: int = 100) -> tuple[EntityRef, ...]:
        """Entities with this outcome, by reference."""
        at = outcomes.c
        wanted = (at.check == check, at.outcome == outcome, *self._sight.of(at.entity))
        query = select(at.entity).distinct().where(*wanted)
        with self._database.read() as connection:
            return refs_of(connection.execute(query.order_by(outcomes.c.entity).limit(limit)).scalars())
