"""Fix pull requests as kept: one row an entity, with what was asked for, until a person or we have ended it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, RowMapping, and_, func, not_, or_, select, update

from app.catalog.model import EntityRef
from app.store.engine import Database
from app.store.model import Page
from app.store.sight import EVERYTHING, Sight
from app.store.sql import upsert
from app.store.tables import entities
from app.store.tables_judging import judged_from
from app.store.tables_proposed import fix_requests

_AT = fix_requests.c
State = Literal["open", "taken over", "closed", "merged", "dismissed", "lost"]
STATES: tuple[State, ...] = get_args(State)
"""Ended by us (closed) or by a person (merged, dismissed); lost: its forge would not say for too long."""
LIVING: tuple[State, ...] = ("open", "taken over")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRequest:
    """A request as it stood when it was last looked at. `checks` and `answers` are what was asked for."""

    entity: EntityRef
    repository: str
    forge: str
    path: str
    branch: str
    base: str
    number: int = 0
    url: str = ""
    state: State
    reason: str = ""
    checks: Sequence[str]
    answers: Mapping[str, str] = field(default_factory=dict)
    mends: Sequence[str] = ()
    commit: str = ""
    digest: str = ""
    asked_by: str = ""
    asked_at: datetime
    changed_at: datetime
    seen_at: datetime | None = None
    due_at: datetime | None = None
    generation: int = 0
    tries: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A claimed request. `is_living`: whether a source tells of its entity, which was last evaluated at `judged_at`."""

    request: FixRequest
    is_living: bool
    judged_at: datetime | None


class FixRequestBook:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def asked(self, request: FixRequest) -> None:
        """Keeps what was just asked for and done, in place of what was asked for before."""
        with self._database.write() as connection:
            known = select(_AT.generation).where(_AT.entity == str(request.entity))
            generation = (connection.execute(known).scalar() or 0) + 1
            row = {**_row(replace(request, generation=generation)), "lease_until": None}
            upsert(connection, fix_requests, [row])

    def claim(self, now: datetime, lease: timedelta, *, limit: int = 5) -> list[Held]:
        """Takes living requests whose entity was judged anew since, or is gone, or whose time has come.

        One that failed waits for its time, whatever is judged meanwhile. An idle look writes nothing.
        """
        due = _looked_up(now).limit(limit)
        with self._database.read() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        found = []
        with self._database.write() as connection:
            rows = connection.execute(due.with_for_update(skip_locked=True, of=fix_requests)).all()
            for entity, living, judged_at in rows:
                taken = update(fix_requests).where(_AT.entity == entity)
                taken = taken.values(lease_until=now + lease, generation=_AT.generation + 1)
                connection.execute(taken)
                row = connection.execute(select(fix_requests).where(_AT.entity == entity)).mappings().one()
                found.append(Held(_request(row), bool(living), judged_at))
        return found

    def keep(self, request: FixRequest) -> bool:
        """Keeps what became of a claimed request. False: it was asked for again meanwhile, which counts."""
        held = (_AT.entity == str(request.entity), _AT.generation == request.generation)
        with self._database.write() as connection:
            kept = update(fix_requests).where(*held).values(**{**_row(request), "lease_until": None})
            return connection.execute(kept).rowcount == 1

    def look_again(self, now: datetime, ref: EntityRef | None = None) -> int:
        """Makes living requests due: every one, or an entity's. Returns how many."""
        where = [_AT.state.in_(LIVING), *([_AT.entity == str(ref)] if ref is not None else [])]
        with self._database.write() as connection:
            return connection.execute(update(fix_requests).where(*where).values(due_at=now, tries=0)).rowcount

    def judged_at(self, ref: EntityRef) -> datetime | None:
        """When an entity was last evaluated: what is proposed after that knows of it."""
        with self._database.read() as connection:
            query = select(judged_from.c.judged_at).where(judged_from.c.entity == str(ref))
            return connection.execute(query).scalar_one_or_none()

    def get(self, ref: EntityRef) -> FixRequest | None:
        query = select(fix_requests).where(_AT.entity == str(ref), *self._sight.of(_AT.entity))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _request(row)

    def page(
        self,
        *,
        after: str = "",
        limit: int = 100,
        states: Sequence[State] = LIVING,
        owners: Sequence[EntityRef] = (),
    ) -> Page[FixRequest]:
        """Requests in the order of their entities' references; `after`: where the last page ended."""
        where = [_AT.state.in_(states), *self._sight.of(_AT.entity)]
        if owners:
            owned = select(entities.c.ref).where(entities.c.owner.in_([str(owner) for owner in owners]))
            where.append(_AT.entity.in_(owned))
        query = select(fix_requests).where(*where, _AT.entity > after).order_by(_AT.entity).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.execute(select(func.count()).select_from(fix_requests).where(*where)).scalar_one()
        items = tuple(_request(row) for row in rows[:limit])
        return Page(items, str(items[-1].entity) if len(rows) > limit else None, total)


def _looked_up(now: datetime) -> Any:
    """(entity, whether it is living, when it was evaluated) of those that are due."""
    living = and_(entities.c.ref.is_not(None), entities.c.orphaned_at.is_(None))
    judged_at = judged_from.c.judged_at
    turned: ColumnElement[bool] = or_(not_(living), judged_at.is_distinct_from(_AT.seen_at))
    beside = fix_requests.outerjoin(entities, entities.c.ref == _AT.entity)
    return (
        select(_AT.entity, living, judged_at)
        .select_from(beside.outerjoin(judged_from, judged_from.c.entity == _AT.entity))
        .where(
            _AT.state.in_(LIVING),
            or_(_AT.lease_until.is_(None), _AT.lease_until <= now),
            or_(_AT.due_at <= now, and_(_AT.tries == 0, turned)),
        )
        .order_by(_AT.due_at)
    )


def _row(one: FixRequest) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in FixRequest.__dataclass_fields__}
    return {**values, "entity": str(one.entity), "checks": list(one.checks), "mends": list(one.mends)}


def _request(row: RowMapping) -> FixRequest:
    values = {name: row[name] for name in FixRequest.__dataclass_fields__}
    listed = {name: tuple(row[name]) for name in ("checks", "mends")}
    return FixRequest(**{**values, "entity": EntityRef.parse(row["entity"]), **listed})
