"""Lists of entities with their results, filtered, sorted and paged by keyset."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, null, select, tuple_

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
    ) -> Page[EntityItem]:
        """One page. Raises ValueError with one sentence for an unknown sort, a cursor of another list, or a
        level without its scorecard."""
        wanted = [*conditions(where), *self._sight.entities()]
        query = _sorted(where, wanted, sort, cursor, (_AT.ref,))
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
            total = _count(connection, where, wanted)
            items = _items(connection, [row.ref for row in rows[:limit]], self._sight)
        return Page(tuple(items[row.ref] for row in rows[:limit]), _more(rows, limit, sort), total)

    def rows(
        self,
        where: EntityFilter,
        of_entity: Sequence[str],
        of_result: Sequence[str],
        *,
        sort: str = "ref",
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page[Row[Any]]:
        """One page of the same list as bare rows, for tables: columns of the entity, then of its result on the
        filter's scorecard (null where there is none, or none is named). Raises ValueError as `entities` does."""
        judged = [results.c[name] if where.scorecard else null().label(name) for name in of_result]
        columns = (*(_AT[name] for name in of_entity), *judged)
        wanted = [*conditions(where), *self._sight.entities()]
        query = _sorted(where, wanted, sort, cursor, (_AT.ref, *columns))
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
        return Page(tuple(rows[:limit]), _more(rows, limit, sort), -1)

    def by_refs(self, refs: Sequence[EntityRef]) -> dict[EntityRef, EntityItem]:
        """Several entities at once, orphans too; unknown ones are absent."""
        with self._database.read() as connection:
            found = _items(connection, [str(ref) for ref in refs], self._sight)
        return {item.ref: item for item in found.values()}


def _sorted(
    where: EntityFilter,
    wanted: Sequence[ColumnElement[bool]],
    sort: str,
    cursor: str | None,
    columns: Sequence[ColumnElement[Any]],
) -> Select[Any]:
    """The list in its order from where the cursor ends: `columns`, of which the reference is the first, and last
    `sort_key`."""
    key, descending = _sort_key(sort, where)
    by_result = getattr(key, "table", None) is results  # then an index gives the whole order
    ref = results.c.entity if by_result else _AT.ref
    by = (key,) if key is ref else (key, ref)
    order = [one.desc() if descending else one for one in by]
    query = select(*columns, key.label("sort_key")).select_from(source(where)).where(*wanted).order_by(*order)
    if cursor is None:
        return query
    last, place = _read_cursor(cursor, sort), tuple_(key, ref)
    return query.where(place < last if descending else place > last)


def _more(rows: Sequence[Row[Any]], limit: int, sort: str) -> str | None:
    return _write_cursor(sort, rows[limit - 1].sort_key, rows[limit - 1][0]) if len(rows) > limit else None


def _count(connection: Connection, where: EntityFilter, wanted: Sequence[ColumnElement[bool]]) -> int:
    joined = source(where) if filters_results(where) else entities
    return connection.execute(select(func.count()).select_from(joined).where(*wanted)).scalar_one()


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
