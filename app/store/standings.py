"""What pages of teams, scorecards and checks ask: sums made beforehand, and thin lines. No wide row is touched.

References are canonical texts; "" is what nobody owns, `EVERYONE` the whole organisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, tuple_

from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks
from app.store.standing_rows import Levels, Line, LineFilter, Obstacle, Serving, TrendPoint
from app.store.tables import outcomes
from app.store.team_counts import EVERYONE
from app.store.team_tables import standings, sums, tallies, trends

SORTS = ("level", "-level", "name", "effort")
"""By level (lowest or highest first), by name, or by the effort to the next level; each then by name."""


class Standings:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def levels(self, owners: Sequence[str] = (EVERYONE,)) -> dict[str, dict[str, Levels]]:
        """Scorecard → owner → levels, groups with all below them."""
        found: dict[str, dict[str, Levels]] = {}
        for card, owner, _, level, held, count in self._sums(owners, ("level",)):
            found.setdefault(card, {}).setdefault(owner, Levels()).add(level, held, count)
        return found

    def ages(self, owners: Sequence[str]) -> tuple[datetime | None, datetime | None]:
        """When the oldest and the newest facts behind what exactly these owners have were seen."""
        at = standings.c
        ends: list[datetime] = []
        with self._database.read() as connection:
            for chunk in chunks(owner for owner in owners if self._sight.sees(owner)):
                query = select(func.min(at.as_of), func.max(at.as_of)).where(at.owner.in_(chunk))
                ends += [end for end in connection.execute(query).one() if end is not None]
        return min(ends, default=None), max(ends, default=None)

    def areas(self, scorecard: str, owners: Sequence[str]) -> dict[str, dict[str, dict[str, int]]]:
        """Owner → area → worst outcome in it → how many entities."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for _, owner, _, area, outcome, count in self._sums(owners, ("area",), scorecard):
            found.setdefault(owner, {}).setdefault(area, {})[outcome] = count
        return found

    def checks(self, scorecard: str, owner: str = EVERYONE) -> dict[str, dict[str, int]]:
        """Check → outcome → how many entities."""
        found: dict[str, dict[str, int]] = {}
        for _, _, _, check, outcome, count in self._sums((owner,), ("check",), scorecard):
            found.setdefault(check, {})[outcome] = count
        return found

    def obstacles(self, scorecard: str, owner: str = EVERYONE) -> list[Obstacle]:
        """Failing checks that stand before someone's next level."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for _, _, kind, check, level, count in self._sums((owner,), ("step", "alone"), scorecard):
            found.setdefault(check, {"step": {}, "alone": {}})[kind][level] = count
        return [Obstacle(check, by["step"], by["alone"]) for check, by in found.items()]

    def serving(self, goal: str, owner: str = EVERYONE) -> list[Serving]:
        """Checks that stand before a goal (`next` or `target`) of someone, each entity counted once."""
        found: dict[str, dict[str, int]] = {}
        for _, _, kind, check, of, count in self._sums((owner,), ("serves", "lifts")):
            if of == goal:
                found.setdefault(check, {})[kind] = count
        return [Serving(check, by.get("serves", 0), by.get("lifts", 0)) for check, by in found.items()]

    def _sums(self, owners: Sequence[str], kinds: Sequence[str], scorecard: str = "") -> list[Any]:
        """(scorecard, owner, kind, name, outcome, count) of these owners. For a reader who does not see everything,
        everyone is those who are seen: their own counts, added up."""
        at = sums.c
        columns = (at.scorecard, at.owner, at.kind, at.name, at.outcome, at.count)
        wanted = [at.kind.in_(kinds), *([at.scorecard == scorecard] if scorecard else [])]
        rows: list[Any] = []
        with self._database.read() as connection:
            for chunk in chunks(owner for owner in owners if self._sight.sees(owner)):
                rows += connection.execute(select(*columns).where(at.owner.in_(chunk), *wanted)).all()
            if EVERYONE in owners and self._sight.is_limited:
                rows += connection.execute(self._all_seen(kinds, scorecard)).all()
        return rows

    def _all_seen(self, kinds: Sequence[str], scorecard: str) -> Any:
        at = tallies.c
        keys = (at.scorecard, at.kind, at.name, at.outcome)
        query = select(at.scorecard, literal(EVERYONE), at.kind, at.name, at.outcome, func.sum(at.count))
        query = query.where(at.kind.in_(kinds), *self._sight.owned_by(at.owner)).group_by(*keys)
        return query.where(at.scorecard == scorecard) if scorecard else query

    def lines(
        self, where: LineFilter, *, sort: str = "level", after: Sequence[Any] | None = None, limit: int = 50
    ) -> list[Line]:
        """Lines of a list; `after` is the `place` of the last line of the page before."""
        keys, descending = _sort_keys(sort)
        query = select(standings).where(*self._conditions(where))
        if after is not None:
            place = tuple_(*keys)
            query = query.where(place < tuple(after) if descending else place > tuple(after))
        order = [key.desc() for key in keys] if descending else keys
        with self._database.read() as connection:
            return [Line(*row) for row in connection.execute(query.order_by(*order).limit(limit))]

    def count(self, where: LineFilter) -> int:
        """How many lines a filter picks."""
        query = select(func.count()).select_from(standings).where(*self._conditions(where))
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def _conditions(self, where: LineFilter) -> list[ColumnElement[bool]]:
        return [*_wanted(where), *self._sight.owned_by(standings.c.owner)]

    def nearest(self, owners: Sequence[str], limit: int = 5) -> list[str]:
        """Entities with something to fix before their next level on any scorecard, each once: those where all is seen
        first, then those with least effort."""
        at = standings.c
        hidden = case((func.sum(at.unseen) > 0, 1), else_=0)
        query = (
            select(at.entity)
            .where(at.owner.in_(owners), at.next_level != "", at.failing > 0, *self._sight.owned_by(at.owner))
            .group_by(at.entity)
            .order_by(hidden, func.sum(at.effort_seconds), at.entity)
        )
        with self._database.read() as connection:
            return list(connection.execute(query.limit(limit)).scalars())

    def one_away(self, scorecard: str, check: str = "", limit: int = 20) -> list[Line]:
        """Entities that one failing check alone holds back, least effort first."""
        at = standings.c
        wanted = at.check == check if check else at.check > ""
        query = select(standings).where(at.scorecard == scorecard, wanted, *self._sight.owned_by(at.owner))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(at.effort_seconds, at.entity).limit(limit))
            return [Line(*row) for row in rows]

    def line(self, entity: str, scorecard: str) -> Line | None:
        """One entity's; None before it was counted."""
        at = standings.c
        wanted = (at.entity == entity, at.scorecard == scorecard, *self._sight.owned_by(at.owner))
        query = select(standings).where(*wanted)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else Line(*row)

    def titles(self, refs: Sequence[str]) -> dict[str, str]:
        """Entity → title, of those that have a line."""
        at = standings.c
        found: dict[str, str] = {}
        with self._database.read() as connection:
            for chunk in chunks(refs):
                seen = (at.entity.in_(chunk), *self._sight.owned_by(at.owner))
                query = select(at.entity, at.title).distinct().where(*seen)
                found.update((entity, title) for entity, title in connection.execute(query))
        return found

    def outcomes(self, refs: Sequence[str], scorecard: str) -> dict[str, dict[str, str]]:
        """Entity → check → outcome, for the few entities of one page."""
        at = outcomes.c
        found: dict[str, dict[str, str]] = {}
        with self._database.read() as connection:
            for chunk in chunks(refs):
                seen = (at.entity.in_(chunk), at.scorecard == scorecard, *self._sight.of(at.entity))
                query = select(at.entity, at.check, at.outcome).where(*seen)
                for entity, check, outcome in connection.execute(query):
                    found.setdefault(entity, {})[check] = outcome
        return found

    def trend(self, scorecard: str, owner: str = EVERYONE, *, since: date) -> list[TrendPoint]:
        """How a group with all below it stood, oldest first: the last point before `since` too, where there is one."""
        if not self._sight.sees(owner):
            return []
        at = trends.c
        mine = and_(at.owner == owner, at.scorecard == scorecard)
        before = select(func.max(at.day)).where(mine, at.day < since.isoformat()).scalar_subquery()
        begin = func.coalesce(before, since.isoformat())
        query = select(at.day, at.body).where(mine, at.day >= begin).order_by(at.day)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            TrendPoint(date.fromisoformat(day), body["levels"], body["on_target"], body["with_target"])
            for day, body in rows
        ]


def place(line: Line, sort: str) -> tuple[Any, ...]:
    """Where a line stands in a list sorted so: what the next page begins after."""
    keys, _ = _sort_keys(sort)
    return tuple(getattr(line, key.name) for key in keys)


def _sort_keys(sort: str) -> tuple[list[Any], bool]:
    """Columns that order a list, unique together, and whether they go down. Raises ValueError."""
    at = standings.c
    if sort not in SORTS:
        raise ValueError(f"“{sort}” is not a way to sort; use one of {', '.join(SORTS)}")
    first = {"level": [at.level_rank], "name": [], "effort": [at.effort_seconds]}[sort.lstrip("-")]
    return [*first, at.search, at.entity], sort.startswith("-")


def _wanted(where: LineFilter) -> list[ColumnElement[bool]]:
    at = standings.c
    lists = [
        (at.owner, where.owners),
        (at.kind, where.kinds),
        (at.type, where.types),
        (at.tier, where.tiers),
        (at.lifecycle, where.lifecycles),
        (at.system, where.systems),
        (at.level_rank, where.ranks),
    ]
    found: list[ColumnElement[bool]] = [at.scorecard == where.scorecard]
    found += [or_(*(column.in_(chunk) for chunk in chunks(values))) for column, values in lists if values]
    if where.held:
        found.append(at.held == where.held)
    if where.text:
        found.append(at.search.contains(where.text.lower(), autoescape=True))
    if where.check and where.outcome:
        of = outcomes.c
        same = (of.scorecard == where.scorecard, of.check == where.check, of.outcome == where.outcome)
        found.append(at.entity.in_(select(of.entity).where(*same)))
    return found
