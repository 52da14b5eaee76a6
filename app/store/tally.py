"""Counts over everything, for metrics and for the pages of scorecards and checks."""

from __future__ import annotations

from sqlalchemy import func, select

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import refs_of
from app.store.tables import outcomes, repositories


class Tally:
    def __init__(self, database: Database) -> None:
        self._database = database

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
            select(*columns, func.count().label("found")).where(outcomes.c.scorecard == scorecard).group_by(*columns)
        )
        counts: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                counts.setdefault(row.check, {})[row.outcome] = row.found
        return counts

    def with_outcome(self, check: str, outcome: str, *, limit: int = 100) -> tuple[EntityRef, ...]:
        """Entities with this outcome, by reference."""
        query = select(outcomes.c.entity).distinct().where(outcomes.c.check == check, outcomes.c.outcome == outcome)
        with self._database.read() as connection:
            return refs_of(connection.execute(query.order_by(outcomes.c.entity).limit(limit)).scalars())
