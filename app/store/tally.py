"""Counts over everything, for metrics and for the pages of scorecards and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.tables import entities, outcomes, problems, repositories
from app.store.team_tables import standings

AGES = (("hour", timedelta(hours=1)), ("day", timedelta(days=1)), ("week", timedelta(weeks=1)))


@dataclass(frozen=True, slots=True)
class Health:
    """How reading goes. `ages`: how many repositories were last looked at within the `hour`, `day`, `week`, `longer`
    ago or `never`; each counts once."""

    total: int
    failing: int
    ages: Mapping[str, int]


class Tally:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def repositories(self) -> tuple[int, int]:
        """(all that are listed, those whose last refresh failed)."""
        living = (repositories.c.orphaned_at.is_(None), *self._sight.in_repository(repositories.c.url))
        count = select(func.count()).select_from(repositories).where(*living)
        with self._database.read() as connection:
            total = connection.execute(count).scalar_one()
            return total, connection.execute(count.where(repositories.c.failures > 0)).scalar_one()

    def health(self, now: datetime) -> Health:
        """Of every repository that is listed."""
        at = repositories.c
        young = [(at.checked_at > now - span, name) for name, span in AGES]
        age = case((at.checked_at.is_(None), "never"), *young, else_="longer").label("age")
        failing = (at.failures > 0).label("failing")
        living = (at.orphaned_at.is_(None), *self._sight.in_repository(at.url))
        query = select(age, failing, func.count().label("found")).where(*living).group_by(age, failing)
        ages: dict[str, int] = {}
        broken = 0
        with self._database.read() as connection:
            for row in connection.execute(query):
                ages[row.age] = ages.get(row.age, 0) + row.found
                broken += row.found if row.failing else 0
        return Health(sum(ages.values()), broken, ages)

    def problems(self) -> int:
        """How many problems files have."""
        with self._database.read() as connection:
            seen = self._sight.in_repository(problems.c.repository)
            return connection.execute(select(func.count()).select_from(problems).where(*seen)).scalar_one()

    def component_types(self) -> list[tuple[str, int]]:
        """Type → how many living components have it, most first."""
        at = entities.c
        living = (at.kind == "component", at.orphaned_at.is_(None), *self._sight.entities())
        query = select(at.type, func.count().label("found")).where(*living)
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(at.type).order_by(func.count().desc(), at.type)).all()
        return [(row.type, row.found) for row in rows]

    def strangers(self, *, limit: int = 50) -> list[tuple[str, int]]:
        """Owners of something scored that are no known group → how much they own, most first."""
        groups = select(entities.c.ref).where(entities.c.kind == "group", entities.c.orphaned_at.is_(None))
        at = standings.c
        query = select(at.owner, func.count(at.entity.distinct())).where(
            at.owner != "", at.owner.not_in(groups), *self._sight.owned_by(at.owner)
        )
        query = query.group_by(at.owner).order_by(func.count(at.entity.distinct()).desc(), at.owner)
        with self._database.read() as connection:
            return [(owner, count) for owner, count in connection.execute(query.limit(limit))]

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
