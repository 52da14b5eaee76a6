"""What files say, read back: an entity's objects, nobody's objects, problems, and attribution done anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, select

from app.catalog.model import EntityRef
from app.lib.problems import Problem
from app.store.due import mark as make_due
from app.store.engine import Database
from app.store.heirs import heirs_of
from app.store.inventories import give
from app.store.model import Page, StoredObject, Why, refs_of
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks, insert, number, take_turn
from app.store.tables import counters, entities, object_entities, objects, problems, repositories, unreadable

_ATTRIBUTED = "attributed:"
_AT_ONCE = 20
"""Repositories whose objects are loaded together: few enough to hold in memory, where a large one has some thousand."""
_NOBODYS = and_(objects.c.attributed.is_(False), objects.c.ignored == "")

_UNREADABLE = (
    unreadable.c.repository,
    repositories.c.tip,
    unreadable.c.path,
    unreadable.c.line,
    unreadable.c.group,
    unreadable.c.reason,
    unreadable.c.ignored,
)


@dataclass(frozen=True, slots=True)
class StoredUnreadable:
    repository: str
    commit: str
    path: str
    line: int
    group: str
    reason: str
    ignored: str


@dataclass(frozen=True, slots=True)
class StoredProblem:
    repository: str
    problem: Problem
    entity: str


class Objects:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def of_entity(self, ref: EntityRef, kind: str | None = None) -> list[StoredObject]:
        """An entity's objects, wherever they lie, by place; ignored ones too (`ignored` says why)."""
        return self.of_entities([ref], kind).get(ref, [])

    def of_entities(self, refs: Iterable[EntityRef], kind: str | None = None) -> dict[EntityRef, list[StoredObject]]:
        """The objects of several entities in few queries; an entity without any, or that is not seen, is absent."""
        found: dict[EntityRef, list[StoredObject]] = defaultdict(list)
        with self._database.read() as connection:
            for chunk in chunks({str(ref) for ref in refs}):
                wanted = self._seen(connection, chunk)
                owned = select(object_entities.c.object_id).where(object_entities.c.ref.in_(wanted))
                query = _query().where(objects.c.id.in_(owned), repositories.c.orphaned_at.is_(None))
                for item in _load(connection, query if kind is None else query.where(objects.c.kind == kind)):
                    for ref in item.refs:
                        if str(ref) in wanted:
                            found[ref].append(item)
        return dict(found)

    def _seen(self, connection: Connection, refs: Collection[str]) -> set[str]:
        """Whoever names a hidden entity, be it in a descriptor of their own, is told nothing of what is attributed to
        it."""
        if not self._sight.is_limited:
            return set(refs)
        query = select(entities.c.ref).where(entities.c.ref.in_(refs), *self._sight.entities())
        return set(connection.execute(query).scalars())

    def of_repository(self, url: str, kind: str | None = None, path: str | None = None) -> list[StoredObject]:
        """All objects of a repository, or those of one kind or path."""
        query = _query().where(objects.c.repository == url)
        if kind is not None:
            query = query.where(objects.c.kind == kind)
        if path is not None:
            query = query.where(objects.c.path == path)
        with self._database.read() as connection:
            return _load(connection, query)

    def at(self, places: Mapping[str, Iterable[str]], kinds: Sequence[str]) -> list[StoredObject]:
        """Objects of these kinds at these paths of repositories, by place; whose they are is left open."""
        found: list[StoredObject] = []
        with self._database.read() as connection:
            for url, paths in places.items():
                query = _query().where(objects.c.repository == url, objects.c.kind.in_(kinds))
                for chunk in chunks(paths):
                    rows = connection.execute(query.where(objects.c.path.in_(chunk)))
                    found += [_object(row, ()) for row in rows]
        return found

    def each(self, kinds: Sequence[str] = ()) -> Iterator[StoredObject]:
        """Every object of every living repository, by repository, a few at a time: for attribution done anew."""
        living = select(repositories.c.url).where(repositories.c.orphaned_at.is_(None)).order_by(repositories.c.url)
        with self._database.read() as connection:
            urls = list(connection.execute(living).scalars())
        for some in chunks(urls, _AT_ONCE):
            query = _query().where(objects.c.repository.in_(some))
            with self._database.read() as connection:
                found = _load(connection, query.where(objects.c.kind.in_(kinds)) if kinds else query)
            yield from found

    def attribute(
        self,
        handed: Iterable[tuple[int, Iterable[EntityRef], str]],
        why: Why,
        now: datetime,
        *,
        mark: tuple[str, int] | None = None,
    ) -> set[EntityRef]:
        """Gives objects (id, references, reason) to other entities; makes due who lost or got one, and returns them.

        In transactions of a few hundred objects, so that a large one keeps nobody waiting; each holds its repositories.
        `mark`: the rules and the version of the catalog by which every object was looked at (see `attributed_under`).
        """
        concerned: set[str] = set()
        for chunk in chunks(handed):
            given = {id_: (frozenset(str(ref) for ref in refs), reason) for id_, refs, reason in chunk}
            with self._database.write() as connection:
                _hold(connection, given)
                before = _attributed(connection, given)
                moved = {id_: given[id_] for id_, state in before.items() if state != given[id_]}
                give(connection, [(id_, refs, reason) for id_, (refs, reason) in moved.items()])
                found = {ref for id_, (refs, _) in moved.items() for ref in refs ^ before[id_][0]}
                make_due(connection, found | heirs_of(connection, found), why, now)
            concerned |= found
        if mark is not None:
            self._note(*mark)
        return set(refs_of(concerned))

    def _note(self, rules: str, version: int) -> None:
        with self._database.write() as connection:
            take_turn(connection, _ATTRIBUTED)
            connection.execute(delete(counters).where(counters.c.name.startswith(_ATTRIBUTED)))
            insert(connection, counters, [{"name": _ATTRIBUTED + rules, "value": version}])

    def attributed_under(self, rules: str) -> int:
        """The version of the catalog by which all objects were last attributed under these rules; 0: never."""
        with self._database.read() as connection:
            return number(connection, _ATTRIBUTED + rules)

    def unattributed(self, *, after: int = 0, limit: int = 100) -> Page[StoredObject]:
        """Objects that are nobody's though nothing ignores them, for the platform team. The cursor is the last id."""
        with self._database.read() as connection:
            living = repositories.c.orphaned_at.is_(None)
            nobodys = (_NOBODYS, living, *self._sight.in_repository(objects.c.repository))
            query = _query().where(*nobodys, objects.c.id > after).order_by(None).order_by(objects.c.id)
            items = _load(connection, query.limit(limit + 1))
            join = objects.join(repositories, repositories.c.url == objects.c.repository)
            total = connection.execute(select(func.count()).select_from(join).where(*nobodys)).scalar_one()
        more = str(items[limit - 1].id) if len(items) > limit else None
        return Page(tuple(items[:limit]), more, total)

    def unreadable_of_entities(self, refs: Iterable[EntityRef]) -> dict[EntityRef, list[StoredUnreadable]]:
        """What concerns several entities but can't be read, in few queries; an entity without any, or that is not seen,
        is absent."""
        found: dict[EntityRef, list[StoredUnreadable]] = defaultdict(list)
        by_text = {str(ref): ref for ref in refs}
        columns = (*_UNREADABLE, unreadable.c.ref)
        for chunk in chunks(by_text):
            with self._database.read() as connection:
                query = _unreadable_query(columns).where(unreadable.c.ref.in_(self._seen(connection, chunk)))
                for *place, ref in connection.execute(query):
                    found[by_text[ref]].append(StoredUnreadable(*place))
        return dict(found)

    def first_problems(self, limit: int) -> list[StoredProblem]:
        """Some problems, by repository, for the platform team."""
        at = problems.c
        query = select(problems).where(*self._sight.in_repository(at.repository))
        query = query.order_by(at.repository, at.id).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [StoredProblem(r.repository, Problem(r.path, r.line, r.code, r.message), r.entity) for r in rows]

    def problems_in(self, urls: Iterable[str]) -> dict[str, list[Problem]]:
        """Problems of several repositories in few queries, by place; a repository without any is absent."""
        found: dict[str, list[Problem]] = defaultdict(list)
        at = problems.c
        query = select(at.repository, at.path, at.line, at.code, at.message).where(
            *self._sight.in_repository(at.repository)
        )
        query = query.where(at.repository.in_(bindparam("urls", expanding=True)))
        query = query.order_by(at.repository, at.path, at.line, at.code)
        with self._database.read() as connection:
            for chunk in chunks(urls):
                for url, *problem in connection.execute(query, {"urls": chunk}):
                    found[url].append(Problem(*problem))
        return dict(found)


def _unreadable_query(columns: Sequence[Any]) -> Select[Any]:
    at = unreadable.c
    join = unreadable.join(repositories, repositories.c.url == at.repository)
    return select(*columns).distinct().select_from(join).order_by(at.repository, at.path, at.line)


def _query() -> Select[Any]:
    join = objects.join(repositories, repositories.c.url == objects.c.repository)
    query = select(objects, repositories.c.tip).select_from(join)
    return query.order_by(objects.c.repository, objects.c.path, objects.c.line, objects.c.id)


def _load(connection: Connection, query: Select[Any]) -> list[StoredObject]:
    rows = connection.execute(query).all()
    refs = _refs(connection, (row.id for row in rows))
    return [_object(row, refs.get(row.id, ())) for row in rows]


def _refs(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for chunk in chunks(ids):
        query = select(object_entities).where(object_entities.c.object_id.in_(chunk))
        for row in connection.execute(query.order_by(object_entities.c.object_id, object_entities.c.ref)):
            found[row.object_id] = (*found.get(row.object_id, ()), row.ref)
    return found


def _hold(connection: Connection, ids: Iterable[int]) -> None:
    """Locks the repositories of these objects, in their order: a save of one waits, and then sees what was given."""
    owned = select(objects.c.repository).where(objects.c.id.in_(list(ids)))
    query = select(repositories.c.url).where(repositories.c.url.in_(owned)).order_by(repositories.c.url)
    connection.execute(query.with_for_update(key_share=True))


def _attributed(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[frozenset[str], str]]:
    ids = list(ids)
    refs = _refs(connection, ids)
    found = {}
    for chunk in chunks(ids):
        for row in connection.execute(select(objects.c.id, objects.c.why).where(objects.c.id.in_(chunk))):
            found[row.id] = (frozenset(refs.get(row.id, ())), row.why)
    return found


def _object(row: Row[Any], refs: tuple[str, ...]) -> StoredObject:
    return StoredObject(
        id=row.id,
        repository=row.repository,
        commit=row.tip,
        path=row.path,
        line=row.line,
        kind=row.kind,
        body=row.body,
        ignored=row.ignored,
        changed_at=row.changed_at,
        changed_exact=row.changed_exact,
        refs=refs_of(refs),
        why=row.why,
    )
