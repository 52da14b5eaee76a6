"""Which entities are to be judged again, why, and who may. A mark is made in the transaction that makes it true."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Connection, bindparam, case, func, or_, select, text, update

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import JudgementClaim, Why
from app.store.sight import EVERYTHING, Sight
from app.store.sql import CATALOG_TURN, chunks, lives, take_turn
from app.store.tables import entities, object_entities, objects, reads
from app.store.types import Instant

_AT = entities.c
_NOW = bindparam("at", type_=Instant)
# Built once: building these costs more than running them.
_MARK_ALL = (
    update(entities)
    .where(_AT.orphaned_at.is_(None))
    .values(
        judge_due_at=case((_AT.judge_due_at < _NOW, _AT.judge_due_at), else_=_NOW),
        why_due=_AT.why_due.bitwise_or(bindparam("bits")),
        generation=_AT.generation + 1,
        judge_lease_until=None,
    )
)
_WANTED: BindParameter[str] = bindparam("refs", expanding=True)
_MARK_SOME = _MARK_ALL.where(_AT.ref.in_(_WANTED))
_LOCK_SOME = select(_AT.ref).where(_AT.ref.in_(_WANTED)).order_by(_AT.ref).with_for_update(key_share=True)
_READERS = select(reads.c.entity).distinct().where(reads.c.repository == bindparam("place"))
_READERS_OF_PATHS = _READERS.where(reads.c.path.in_(bindparam("paths", expanding=True)))
_READ_PATHS = select(reads.c.entity, reads.c.path).where(reads.c.repository == bindparam("place"))
_BIT = f"(entities.why_due & {int(Why.CODE)})"
_PUSHED, _OTHERS = text(f"{_BIT} <> 0"), text(f"{_BIT} <> {int(Why.CODE)}")
"""The first as `entities_judge_pushed` has it: from a bound number SQLite would not see that the index is meant.
With `=` PostgreSQL would take one in two hundred for true, as `lives` says."""
LONGEST_LEASE = timedelta(hours=1)
_FEW_PATHS = 500
"""Beyond these it is quicker to look through all that was read of a repository."""


class Due:
    """Judging's half of the due table. Nothing here crawls."""

    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def mark(self, refs: Iterable[EntityRef], why: Why, now: datetime) -> int:
        """Makes entities due for judging; a judging that runs meanwhile is refused. Returns how many are known."""
        with self._database.write() as connection:
            return mark(connection, {str(ref) for ref in refs}, why, now)

    def mark_all(self, why: Why, now: datetime) -> int:
        """Makes every entity due: a policy changed."""
        with self._database.write() as connection:
            take_turn(connection, CATALOG_TURN)
            return connection.execute(_MARK_ALL, {"at": now, "bits": int(why)}).rowcount

    def claim(
        self, now: datetime, *, limit: int = 100, lease: timedelta = timedelta(seconds=30), repository: str = ""
    ) -> list[JudgementClaim]:
        """Takes entities that are due, also those whose `valid_until` has passed. Each claim can be saved once.

        With `repository` only those that were found in it.
        What a push made due goes before what a policy made due, however much that is; then the longest due.
        """
        until = _AT.judge_lease_until  # one that ends later than any may was made by a clock that was ahead
        is_free = or_(until.is_(None), until <= now, until > now + LONGEST_LEASE)
        due = select(_AT.ref).where(_AT.judge_due_at <= now, is_free, lives(_AT.orphaned_at))
        if repository:
            due = due.where(_AT.repository == repository)
        wanted = due.order_by(_AT.judge_due_at, _AT.ref).limit(limit)
        with self._database.read() as connection:
            if connection.execute(wanted.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            pushed = wanted.where(_PUSHED)
            refs = list(connection.execute(pushed.with_for_update(skip_locked=True, key_share=True)).scalars())
            if len(refs) < limit:
                rest = wanted.where(_OTHERS).limit(limit - len(refs))
                refs += connection.execute(rest.with_for_update(skip_locked=True, key_share=True)).scalars()
            claims = []
            for chunk in chunks(refs):
                taken = {"judge_lease_until": now + lease, "generation": _AT.generation + 1}
                connection.execute(update(entities).where(_AT.ref.in_(chunk)).values(**taken))
                rows = connection.execute(select(_AT.ref, _AT.generation, _AT.why_due).where(_AT.ref.in_(chunk)))
                claims += [JudgementClaim(EntityRef.parse(row.ref), row.generation, Why(row.why_due)) for row in rows]
        order = {ref: position for position, ref in enumerate(refs)}
        return sorted(claims, key=lambda claim: order[str(claim.ref)])

    def fail(self, claim: JudgementClaim, *, error: str, next_due: datetime) -> bool:
        """Keeps why an entity could not be judged, where people see it. False when the claim no longer holds."""
        values = {
            "judge_lease_until": None,
            "judge_due_at": next_due,
            "judge_error": error,
            "judge_failures": _AT.judge_failures + 1,
        }
        held = (_AT.ref == str(claim.ref), _AT.generation == claim.generation)
        with self._database.write() as connection:
            return connection.execute(update(entities).where(*held).values(**values)).rowcount == 1

    def release(self, claim: JudgementClaim) -> bool:
        """Gives an entity back, still due: what it was judged from has moved on. False when others have it already."""
        held = (_AT.ref == str(claim.ref), _AT.generation == claim.generation)
        with self._database.write() as connection:
            free = update(entities).where(*held).values(judge_lease_until=None)
            return connection.execute(free).rowcount == 1

    def waiting(self, now: datetime) -> int:
        """How many entities are due. Found by when they are due: few are, of however many live."""
        due = (_AT.judge_due_at <= now, *self._sight.entities())
        query = select(func.count(case((_AT.orphaned_at.is_(None), 1)))).where(*due)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def readers(self, repository: str, paths: Iterable[str] | None) -> set[EntityRef]:
        """Entities that looked at any of `paths` of a repository (None: at anything in it)."""
        with self._database.read() as connection:
            return {EntityRef.parse(ref) for ref in readers_of(connection, repository, paths)}


def mark(connection: Connection, refs: Iterable[str], why: Why, now: datetime) -> int:
    """Makes entities due within a transaction; orphans and unknown ones stay as they are.

    Rows are locked in their order, so that two transactions that mark the same entities never block each other.
    """
    wanted = sorted(set(refs))
    if wanted:
        take_turn(connection, CATALOG_TURN, share=True)
    marked = 0
    for chunk in chunks(wanted):
        if connection.dialect.name != "sqlite":
            connection.execute(_LOCK_SOME, {"refs": chunk})
        marked += connection.execute(_MARK_SOME, {"at": now, "bits": int(why), "refs": chunk}).rowcount
    return marked


def readers_of(connection: Connection, repository: str, paths: Iterable[str] | None) -> set[str]:
    """Entities that read any of `paths`, or the repository as a whole (path "")."""
    if paths is None:
        return set(connection.execute(_READERS, {"place": repository}).scalars())
    wanted = {"", *paths}
    if len(wanted) > _FEW_PATHS:
        rows = connection.execute(_READ_PATHS, {"place": repository})
        return {row.entity for row in rows if row.path in wanted}
    return set(connection.execute(_READERS_OF_PATHS, {"place": repository, "paths": sorted(wanted)}).scalars())


def entities_of(connection: Connection, repository: str) -> set[str]:
    """Entities that were found in a repository, or own objects in it."""
    found = set(connection.execute(select(_AT.ref).where(_AT.repository == repository)).scalars())
    join = object_entities.join(objects, objects.c.id == object_entities.c.object_id)
    query = select(object_entities.c.ref).distinct().select_from(join).where(objects.c.repository == repository)
    return found | set(connection.execute(query).scalars())
