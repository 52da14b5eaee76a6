"""What pages of teams, scorecards and checks ask: sums of counts made beforehand. Nothing here walks all entities.

`owners` None means everyone; references are canonical texts, "" is nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_

from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks
from app.store.tables import entities, outcomes, results
from app.store.team_counts import EVERYONE, Distance
from app.store.team_tables import distances, tallies, trends


@dataclass(slots=True)
class Levels:
    """How many stand at each level, and how many of those with a target meet it."""

    levels: dict[str, int] = field(default_factory=dict)
    on_target: int = 0
    with_target: int = 0

    @property
    def total(self) -> int:
        return sum(self.levels.values())

    def add(self, level: str, held: str, count: int) -> None:
        """`held`: `on`, `below`, or `` for what has no target."""
        self.levels[level] = self.levels.get(level, 0) + count
        self.on_target += count if held == "on" else 0
        self.with_target += count if held else 0


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A check before the next level: how many entities it stands before, and how many it alone holds back, by level."""

    check: str
    stands: Mapping[str, int]
    alone: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Near:
    """An entity with what is between it and its next level."""

    title: str
    level: str
    distance: Distance


@dataclass(frozen=True, slots=True)
class TrendPoint:
    day: date
    levels: Mapping[str, int]
    on_target: int
    with_target: int


class Standings:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def _of(self, query: Any, owners: Sequence[str] | None) -> Any:
        query = query.where(*self._sight.owned_by(tallies.c.owner))
        return query if owners is None else query.where(tallies.c.owner.in_(owners))

    def levels(self, owners: Sequence[str] | None = None) -> dict[str, dict[str, Levels]]:
        """Scorecard → owner → levels of its own entities."""
        at = tallies.c
        found: dict[str, dict[str, Levels]] = {}
        query = select(at.scorecard, at.owner, at.name, at.outcome, at.count).where(at.kind == "level")
        with self._database.read() as connection:
            for card, owner, level, held, count in connection.execute(self._of(query, owners)):
                found.setdefault(card, {}).setdefault(owner, Levels()).add(level, held, count)
        return found

    def areas(self, scorecard: str, owners: Sequence[str] | None = None) -> dict[str, dict[str, dict[str, int]]]:
        """Owner → area → worst outcome in it → how many of its own entities."""
        at = tallies.c
        found: dict[str, dict[str, dict[str, int]]] = {}
        query = select(at.owner, at.name, at.outcome, at.count).where(at.scorecard == scorecard, at.kind == "area")
        with self._database.read() as connection:
            for owner, area, outcome, count in connection.execute(self._of(query, owners)):
                found.setdefault(owner, {}).setdefault(area, {})[outcome] = count
        return found

    def checks(self, scorecard: str, owners: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
        """Check → outcome → how many entities."""
        at = tallies.c
        found: dict[str, dict[str, int]] = {}
        query = select(at.name, at.outcome, func.sum(at.count)).where(at.scorecard == scorecard, at.kind == "check")
        with self._database.read() as connection:
            for check, outcome, count in connection.execute(self._of(query, owners).group_by(at.name, at.outcome)):
                found.setdefault(check, {})[outcome] = int(count)
        return found

    def obstacles(self, scorecard: str, owners: Sequence[str] | None = None) -> list[Obstacle]:
        """Failing checks that stand before someone's next level."""
        at = tallies.c
        query = select(at.kind, at.name, at.outcome, func.sum(at.count)).where(at.scorecard == scorecard)
        steps = self._of(query.where(at.kind.in_(("step", "alone"))), owners).group_by(at.kind, at.name, at.outcome)
        found: dict[str, dict[str, dict[str, int]]] = {}
        with self._database.read() as connection:
            for kind, check, level, count in connection.execute(steps):
                found.setdefault(check, {"step": {}, "alone": {}})[kind][level] = int(count)
        return [Obstacle(check, by["step"], by["alone"]) for check, by in found.items()]

    def nearest(self, scorecard: str, owners: Sequence[str], limit: int = 5) -> list[Near]:
        """Entities with something to fix before their next level, least first: few checks, then little effort."""
        at = distances.c
        where = (at.scorecard == scorecard, at.owner.in_(owners), at.next_level != "", at.failing > 0)
        query = (
            _near()
            .where(*where, *self._sight.owned_by(at.owner))
            .order_by(at.failing + at.unseen, at.effort_seconds, at.entity)
        )
        with self._database.read() as connection:
            return [_read_near(row) for row in connection.execute(query.limit(limit))]

    def one_away(
        self, scorecard: str, check: str = "", after: tuple[int, str] | None = None, limit: int = 20
    ) -> list[Near]:
        """Entities that one failing check alone holds back, least effort first. `after`: the last one's (effort
        in seconds, reference)."""
        at = distances.c
        wanted: ColumnElement[bool] = at.check == check if check else at.check != ""
        query = (
            _near()
            .where(at.scorecard == scorecard, wanted, *self._sight.owned_by(at.owner))
            .order_by(at.effort_seconds, at.entity)
        )
        if after is not None:
            query = query.where(tuple_(at.effort_seconds, at.entity) > after)
        with self._database.read() as connection:
            return [_read_near(row) for row in connection.execute(query.limit(limit))]

    def distance(self, entity: str, scorecard: str) -> Distance | None:
        """How far one entity is from its next level; None before it was counted."""
        at = distances.c
        query = _near().where(at.entity == entity, at.scorecard == scorecard, *self._sight.owned_by(at.owner))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return _read_near(row).distance if row is not None else None

    def outcomes(self, refs: Sequence[str], scorecard: str) -> dict[str, dict[str, str]]:
        """Entity → check → outcome, for the few entities of one page."""
        at = outcomes.c
        found: dict[str, dict[str, str]] = {}
        with self._database.read() as connection:
            for chunk in chunks(refs):
                wanted = (at.entity.in_(chunk), at.scorecard == scorecard, *self._sight.of(at.entity))
                query = select(at.entity, at.check, at.outcome).where(*wanted)
                for entity, check, outcome in connection.execute(query):
                    found.setdefault(entity, {})[check] = outcome
        return found

    def trend(self, scorecard: str, group: str = EVERYONE, *, since: date) -> list[TrendPoint]:
        """How a group with all below it stood, oldest first: the last point before `since` too, where there is one."""
        if not self._sight.sees(group):
            return []
        at = trends.c
        mine = and_(at.owner == group, at.scorecard == scorecard)
        before = select(func.max(at.day)).where(mine, at.day < since.isoformat()).scalar_subquery()
        begin = func.coalesce(before, since.isoformat())
        query = select(at.day, at.body).where(mine, at.day >= begin).order_by(at.day)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            TrendPoint(date.fromisoformat(day), body["levels"], body["on_target"], body["with_target"])
            for day, body in rows
        ]


def _near() -> Select[Any]:
    at = distances.c
    columns = (at.entity, at.scorecard, at.next_level, at.failing, at.unseen, at.effort_seconds, at.check)
    same = and_(results.c.entity == at.entity, results.c.scorecard == at.scorecard)
    join = distances.join(entities, entities.c.ref == at.entity).join(results, same)
    return select(entities.c.title, results.c.level, *columns).select_from(join)


def _read_near(row: Any) -> Near:
    title, level, *rest = row
    return Near(title, level, Distance(*rest))
