"""Lists of entities with their results, filtered, sorted and paged by keyset; and distributions, never averages."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.filters import EntityFilter, conditions, filters_results, source
from app.store.model import Page
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks
from app.store.tables import entities, results
from app.store.types import dump

_AT = entities.c
_TEXTS = ("ref", "name", "tier")
SORTS = ("ref", "-ref", "name", "-name", "tier", "-tier", "level", "-level", "score", "-score")
"""`level` and `score` need a scorecard in the filter; `-` means highest first. Unscored ones count as lowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An entity's place on one scorecard, without its checks."""

    scorecard: str
    level: str
    target_level: str
    meets_target: bool | None
    score: float | None
    coverage: float | None
    as_of: datetime | None
    commit: str
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityItem:
    """One line of a list of entities."""

    ref: EntityRef
    title: str
    type: str
    lifecycle: str
    tier: str
    owner: str
    system: str
    repository: str
    path: str
    provisional: bool
    orphaned_at: datetime | None
    judged_at: datetime | None
    judge_error: str
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many entities stand at each level of a scorecard; `on_target` of those `with_target`."""

    scorecard: str
    levels: dict[str, int]
    on_target: int
    with_target: int
    total: int


class Listing:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def entities(
        self,
        where: EntityFilter,
        *,
        sort: str = "ref",
        cursor: str | None = None,
        limit: int = 100,
        counted: bool = True,
    ) -> Page[EntityItem]:
        """One page. Raises ValueError with one sentence for an unknown sort, a cursor of another list, or a
        level without its scorecard. `counted` False leaves the total out (−1): for whoever walks every page."""
        joined, wanted = source(where), [*conditions(where), *self._sight.entities()]
        key, descending = _sort_key(sort, where)
        by_result = getattr(key, "table", None) is results  # then an index gives the whole order
        ref = results.c.entity if by_result else _AT.ref
        order = (key.desc(), ref.desc()) if descending else (key, ref)
        query = select(_AT.ref, key.label("sort_key")).select_from(joined).where(*wanted).order_by(*order)
        if cursor is not None:
            last = _read_cursor(cursor, sort)
            place = tuple_(key, ref)
            query = query.where(place < last if descending else place > last)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
            total = _count(connection, where, wanted) if counted else -1
            items = _items(connection, [row.ref for row in rows[:limit]], self._sight)
        more = _write_cursor(sort, rows[limit - 1].sort_key, rows[limit - 1].ref) if len(rows) > limit else None
        return Page(tuple(items[row.ref] for row in rows[:limit]), more, total)

    def by_refs(self, refs: Sequence[EntityRef]) -> dict[EntityRef, EntityItem]:
        """Several entities at once, orphans too; unknown ones are absent."""
        with self._database.read() as connection:
            found = _items(connection, [str(ref) for ref in refs], self._sight)
        return {item.ref: item for item in found.values()}

    def summary(self, where: EntityFilter) -> list[Distribution]:
        """Distributions of the entities that a filter picks, one for each scorecard they have results of."""
        at = results.c
        join = results.join(entities, _AT.ref == at.entity)
        count = select(at.scorecard, at.level, at.meets_target, func.count().label("found")).select_from(join)
        wanted = [*conditions(where), *self._sight.entities()]
        query = count.where(*wanted).group_by(at.scorecard, at.level, at.meets_target).order_by(at.scorecard)
        if where.scorecard:
            query = query.where(at.scorecard == where.scorecard)
        found: dict[str, Distribution] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                before = found.get(row.scorecard, Distribution(row.scorecard, {}, 0, 0, 0))
                found[row.scorecard] = Distribution(
                    row.scorecard,
                    {**before.levels, row.level: before.levels.get(row.level, 0) + row.found},
                    before.on_target + (row.found if row.meets_target else 0),
                    before.with_target + (row.found if row.meets_target is not None else 0),
                    before.total + row.found,
                )
        return list(found.values())

    def ages(self, where: EntityFilter) -> tuple[datetime | None, datetime | None]:
        """When the oldest and the newest facts behind the results of these entities were seen."""
        wanted = [*conditions(where), *self._sight.entities()]
        with self._database.read() as connection:
            oldest, newest = connection.execute(_ends(where).where(*wanted)).one()
        return oldest, newest


def _count(connection: Connection, where: EntityFilter, wanted: Sequence[ColumnElement[bool]]) -> int:
    joined = source(where) if filters_results(where) else entities
    return connection.execute(select(func.count()).select_from(joined).where(*wanted)).scalar_one()


def _ends(where: EntityFilter) -> Select[Any]:
    at = results.c
    query = select(func.min(at.as_of), func.max(at.as_of)).select_from(results.join(entities, _AT.ref == at.entity))
    return query.where(at.scorecard == where.scorecard) if where.scorecard else query


def _sort_key(sort: str, where: EntityFilter) -> tuple[ColumnElement[Any], bool]:
    if sort not in SORTS:
        raise ValueError(f"“{sort}” is not a way to sort; use one of {', '.join(SORTS)}")
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name in _TEXTS:
        return _AT[name], descending
    if not where.scorecard:
        raise ValueError(f"sorting by {name} needs a scorecard")
    if name == "level" and filters_results(where):
        return results.c.level_rank, descending
    return func.coalesce(results.c.level_rank if name == "level" else results.c.score, -2), descending


def _write_cursor(sort: str, key: object, ref: str) -> str:
    return urlsafe_b64encode(dump([sort, key, ref]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        made_for, key, ref = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        raise ValueError("the cursor is not one that this list gave") from None
    wanted = str if sort.removeprefix("-") in _TEXTS else int | float
    if made_for != sort or not isinstance(key, wanted) or isinstance(key, bool) or not isinstance(ref, str):
        raise ValueError("the cursor belongs to a list sorted in another way")
    return key, ref


def _items(connection: Connection, refs: Sequence[str], sight: Sight) -> dict[str, EntityItem]:
    standings = _standings(connection, refs)
    columns = [_AT[field.name] for field in fields(EntityItem) if field.name != "standings"]
    found: dict[str, EntityItem] = {}
    for chunk in chunks(refs):
        for row in connection.execute(select(*columns).where(_AT.ref.in_(chunk), *sight.entities())):
            found[row.ref] = _item(row, standings.get(row.ref, ()))
    return found


def _standings(connection: Connection, refs: Sequence[str]) -> dict[str, tuple[Standing, ...]]:
    at = results.c
    columns = [at[field.name] for field in fields(Standing)]
    found: dict[str, tuple[Standing, ...]] = {}
    for chunk in chunks(refs):
        query = select(at.entity, *columns).where(at.entity.in_(chunk)).order_by(at.entity, at.scorecard)
        for row in connection.execute(query).mappings():
            values = {name: value for name, value in row.items() if name != "entity"}
            found[row["entity"]] = (*found.get(row["entity"], ()), Standing(**values))
    return found


def _item(row: Any, standings: tuple[Standing, ...]) -> EntityItem:
    return EntityItem(
        ref=EntityRef.parse(row.ref),
        title=row.title,
        type=row.type,
        lifecycle=row.lifecycle,
        tier=row.tier,
        owner=row.owner,
        system=row.system,
        repository=row.repository,
        path=row.path,
        provisional=row.provisional,
        orphaned_at=row.orphaned_at,
        judged_at=row.judged_at,
        judge_error=row.judge_error,
        standings=standings,
    )
