"""The catalog asked for piece by piece: entities by what an object or its place may say of them, and by relation.

For processes that ask of a few entities now and then, and need not hold all. Living entities, as a reader sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Text, func, select, type_coerce

from app.catalog.model import Entity, EntityRef
from app.store.codec import entity_from
from app.store.engine import Database
from app.store.model import refs_of
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks, lives
from app.store.tables import entities, relations

_AT_ONCE = 500


class Lookups:
    """Each answer is as of its own moment."""

    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def refs(self, kind: str = "") -> list[EntityRef]:
        """All there are, or all of a kind, in order."""
        wanted = [entities.c.kind == kind] if kind else []
        with self._database.read() as connection:
            query = select(entities.c.ref).where(*wanted, *self._living()).order_by(entities.c.ref)
            return list(refs_of(connection.execute(query).scalars()))

    def kinds(self) -> dict[str, int]:
        """Kind → how many there are."""
        query = select(entities.c.kind, func.count().label("many")).where(*self._living()).group_by(entities.c.kind)
        with self._database.read() as connection:
            return {row.kind: row.many for row in connection.execute(query)}

    def get(self, refs: Iterable[EntityRef]) -> list[Entity]:
        """Those of them that there are, in order."""
        return [
            one
            for chunk in chunks({str(ref) for ref in refs})
            for one in self._where(entities.c.ref.in_(sorted(chunk)))
        ]

    def named(self, name: str, kinds: Sequence[str]) -> list[Entity]:
        return self._where(entities.c.name == name, entities.c.kind.in_(kinds))

    def in_repository(self, url: str, kinds: Sequence[str] = ()) -> list[Entity]:
        """Those that count as a repository's; of these kinds, if any are named."""
        wanted = [entities.c.kind.in_(kinds)] if kinds else []
        return self._where(entities.c.repository == url, *wanted)

    def sources(self, target: EntityRef, type_: str) -> list[EntityRef]:
        """Who stands in a relation to an entity, in order."""
        query = (
            select(relations.c.source)
            .join(entities, entities.c.ref == relations.c.source)
            .where(relations.c.target == str(target), relations.c.type == type_, *self._living())
            .order_by(relations.c.source)
        )
        with self._database.read() as connection:
            return list(refs_of(connection.execute(query).scalars()))

    def saying(self, text: str) -> Iterator[Entity]:
        """Those in whose body a text stands, in order, taken from the database as they come."""
        holds = type_coerce(entities.c.body, Text).contains(text, autoescape=True)
        query = select(entities.c.body).where(*self._living(), holds)
        with self._database.read() as connection:
            rows = connection.execution_options(yield_per=_AT_ONCE).execute(query.order_by(entities.c.ref))
            for row in rows:
                yield entity_from(row.body)

    def _where(self, *conditions: ColumnElement[bool]) -> list[Entity]:
        meant = (*conditions, lives(entities.c.orphaned_at), *self._sight.entities())
        query = select(entities.c.body).where(*meant).order_by(entities.c.ref)
        with self._database.read() as connection:
            return [entity_from(body) for body in connection.execute(query).scalars()]

    def _living(self) -> list[ColumnElement[bool]]:
        return [entities.c.orphaned_at.is_(None), *self._sight.entities()]
