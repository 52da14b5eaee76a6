"""The catalog as remembered: what providers and repositories declare, read back as `catalog.model.Entity`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.catalog.model import INVERSE, Entity, EntityRef, Relation
from app.store.codec import entity_from
from app.store.declared import CATALOG_VERSION, TOLD_BY_CATALOG, declare, pointing_at
from app.store.engine import Database
from app.store.model import Difference, Why, refs_of
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks, lives, number, upsert
from app.store.tables import declarations, entities, providers, relations

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityState:
    """How judging an entity stands. `why` is what made it due."""

    ref: EntityRef
    tier: str
    orphaned_at: datetime | None
    judged_at: datetime | None
    judge_due_at: datetime | None
    why: Why
    generation: int
    judged_generation: int
    failures: int
    error: str


class Entities:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def sync(self, provider: str, found: Iterable[Entity], now: datetime) -> Difference:
        """Makes what a catalog tells equal to `found`: desired minus stored. It counts before repositories do."""
        with self._database.write() as connection:
            difference = declare(connection, f"provider:{provider}", found, TOLD_BY_CATALOG, now)
            upsert(connection, providers, [{"name": provider, "listed_at": now, "failed_at": None, "error": ""}])
        return difference

    def version(self) -> int:
        """Grows with every change of any entity that counts: as long as it stands, a loaded catalog is right."""
        with self._database.read() as connection:
            return number(connection, CATALOG_VERSION)

    def load(self, *, orphans: bool = False) -> tuple[int, list[Entity]]:
        """The catalog's version and all its entities by reference, seen at one moment.

        Rows are taken as they come: all bodies of a large catalog at once are as much again as its entities.
        """
        query = select(entities.c.body, entities.c.orphaned_at).where(*self._sight.entities()).order_by(entities.c.ref)
        if not orphans:
            query = query.where(entities.c.orphaned_at.is_(None))
        with self._database.read() as connection:
            version = number(connection, CATALOG_VERSION)
            rows = connection.execution_options(yield_per=_AT_ONCE).execute(query)
            return version, [entity_from(row.body, orphan=row.orphaned_at is not None) for row in rows]

    def get(self, ref: EntityRef) -> Entity | None:
        """One entity, also an orphan (then `orphan` is set)."""
        meant = (entities.c.ref == str(ref), *self._sight.entities())
        query = select(entities.c.body, entities.c.orphaned_at).where(*meant)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else entity_from(row.body, orphan=row.orphaned_at is not None)

    def declared_in(self, repository: str) -> list[Entity]:
        """The living entities that are a repository's, by reference."""
        query = select(entities.c.body).where(entities.c.repository == repository, lives(entities.c.orphaned_at))
        with self._database.read() as connection:
            return [entity_from(body) for body in connection.execute(query.order_by(entities.c.ref)).scalars()]

    def state(self, ref: EntityRef) -> EntityState | None:
        with self._database.read() as connection:
            meant = (entities.c.ref == str(ref), *self._sight.entities())
            row = connection.execute(select(entities).where(*meant)).first()
        if row is None:
            return None
        return EntityState(
            ref=ref,
            tier=row.tier,
            orphaned_at=row.orphaned_at,
            judged_at=row.judged_at,
            judge_due_at=row.judge_due_at,
            why=Why(row.why_due),
            generation=row.generation,
            judged_generation=row.judged_generation,
            failures=row.judge_failures,
            error=row.judge_error,
        )

    def known(self, refs: Iterable[EntityRef]) -> set[EntityRef]:
        """Those of `refs` that exist here, orphans too."""
        found: set[EntityRef] = set()
        with self._database.read() as connection:
            for chunk in chunks({str(ref) for ref in refs}):
                query = select(entities.c.ref).where(entities.c.ref.in_(chunk), *self._sight.entities())
                found.update(refs_of(connection.execute(query).scalars()))
        return found

    def related_to(self, refs: Iterable[EntityRef]) -> set[EntityRef]:
        """Entities with an outgoing relation to any of `refs`."""
        with self._database.read() as connection:
            return {EntityRef.parse(ref) for ref in pointing_at(connection, (str(ref) for ref in refs))}

    def derived(self, ref: EntityRef, limit: int) -> list[Relation]:
        """Relations that others state to `ref`, turned round (`ownedBy` gives `ownerOf`): `limit` by type and name."""
        at = relations.c
        query = (
            select(at.source, at.type)
            .join(entities, entities.c.ref == at.source)
            .where(
                at.target == str(ref), at.type.in_(INVERSE), entities.c.orphaned_at.is_(None), *self._sight.entities()
            )
            .order_by(at.type, at.source)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Relation(ref, INVERSE[type_], EntityRef.parse(source)) for source, type_ in rows]

    def duplicates(self) -> dict[EntityRef, tuple[str, ...]]:
        """References that more than one living origin declares → their origins (repository URL or `provider:name`)."""
        living = declarations.c.live.is_(True)
        many = select(declarations.c.ref).where(living).group_by(declarations.c.ref).having(func.count() > 1)
        query = select(declarations.c.ref, declarations.c.origin).where(living, declarations.c.ref.in_(many))
        found: dict[EntityRef, tuple[str, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query.order_by(declarations.c.ref, declarations.c.origin)):
                ref = EntityRef.parse(row.ref)
                found[ref] = (*found.get(ref, ()), row.origin)
        return found
