"""Lists of entities with their results, filtered, sorted and paged by keyset; and distributions, never averages."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, or_, select, tuple_

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import Page
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks
from app.store.tables import entities, results
from app.store.types import dump

_AT = entities.c
SORTS = ("ref", "name", "level", "-level", "score", "-score")
"""`level` and `score` need a scorecard in the filter; `-` means highest first. Unscored ones count as lowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFilter:
    """Which entities; every part given must hold, of a tuple any one. `text` is looked for in name and title."""

    kinds: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    types: Sequence[str] = ()
    lifecycles: Sequence[str] = ()
    tiers: Sequence[str] = ()
    owners: Sequence[EntityRef] = ()
    systems: Sequence[EntityRef] = ()
    text: str = ""
    scorecard: str = ""
    levels: Sequence[str] = ()
    meets_target: bool | None = None
    orphans: bool = False


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
        self, where: EntityFilter, *, sort: str = "ref", cursor: str | None = None, limit: int = 100
    ) -> Page[EntityItem]:
        """One page. Raises ValueError with one sentence for an unknown sort, a cursor of another list, or a
        level without its scorecard."""
        source, conditions = _source(where), [*_conditions(where), *self._sight.entities()]
        key, descending = _sort_key(sort, where)
        order = (key.desc(), _AT.ref.desc()) if descending else (key, _AT.ref)
        query = select(_AT.ref, key.label("sort_key")).select_from(source).where(*conditions).order_by(*order)
        if cursor is not None:
            last = _read_cursor(cursor, sort)
            place = tuple_(key, _AT.ref)
            query = query.where(place < last if descending else place > last)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
            counted = source if _filters_results(where) else entities
            total = connection.execute(select(func.count()).select_from(counted).where(*conditions)).scalar_one()
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
        conditions = [*_conditions(where), *self._sight.entities()]
        query = count.where(*conditions).group_by(at.scorecard, at.level, at.meets_target).order_by(at.scorecard)
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


def _source(where: EntityFilter) -> FromClause:
    if not where.scorecard:
        return entities
    on = and_(results.c.entity == _AT.ref, results.c.scorecard == where.scorecard)
    return entities.join(results, on, isouter=not _filters_results(where))


def _filters_results(where: EntityFilter) -> bool:
    return bool(where.scorecard) and bool(where.levels or where.meets_target is not None)


def _conditions(where: EntityFilter) -> list[ColumnElement[bool]]:
    lists: list[tuple[ColumnElement[str], Sequence[object]]] = [
        (_AT.kind, where.kinds),
        (_AT.namespace, where.namespaces),
        (_AT.type, where.types),
        (_AT.lifecycle, where.lifecycles),
        (_AT.tier, where.tiers),
        (_AT.owner, where.owners),
        (_AT.system, where.systems),
    ]
    found: list[ColumnElement[bool]] = [column.in_([str(v) for v in values]) for column, values in lists if values]
    if not where.orphans:
        found.append(_AT.orphaned_at.is_(None))
    if where.text:
        name, title = func.lower(_AT.name), func.lower(_AT.title)
        text = where.text.lower()
        found.append(or_(name.contains(text, autoescape=True), title.contains(text, autoescape=True)))
    if not where.scorecard and (where.levels or where.meets_target is not None):
        raise ValueError("a level or a target is one of a scorecard: name it")
    if where.levels:
        found.append(results.c.level.in_(list(where.levels)))
    if where.meets_target is not None:
        found.append(results.c.meets_target.is_(where.meets_target))
    return found


def _sort_key(sort: str, where: EntityFilter) -> tuple[ColumnElement[Any], bool]:
    if sort not in SORTS:
        raise ValueError(f"“{sort}” is not a way to sort; use one of {', '.join(SORTS)}")
    name = sort.lstrip("-")
    if name in ("ref", "name"):
        return _AT[name], False
    if not where.scorecard:
        raise ValueError(f"sorting by {name} needs a scorecard")
    column = results.c.level_rank if name == "level" else results.c.score
    return func.coalesce(column, -2), sort.startswith("-")


def _write_cursor(sort: str, key: object, ref: str) -> str:
    return urlsafe_b64encode(dump([sort, key, ref]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        made_for, key, ref = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        raise ValueError("the cursor is not one that this list gave") from None
    wanted = str if sort in ("ref", "name") else int | float
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
    columns = (at.scorecard, at.level, at.target_level, at.meets_target, at.score, at.coverage, at.as_of, at.etag)
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
