"""Waivers granted over the API, as kept: who agreed to what, until when, and who ended it before. Never removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, RowMapping, func, insert, or_, select, update

from app.catalog.model import EntityRef
from app.policy.model import Waiver
from app.store.due import mark
from app.store.engine import Database
from app.store.model import Page, Why
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks
from app.store.tables import entities
from app.store.tables_waivers import waivers

_AT = waivers.c
State = Literal["active", "expired", "ended"]
STATES: tuple[State, ...] = ("active", "expired", "ended")
REPLACED = "replaced by another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One waiver. `id` 0: not kept yet. `ended_at`: when it was ended before its time."""

    id: int = 0
    entity: EntityRef
    check: str
    reason: str
    granted_by: str
    granted_at: datetime
    until: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    end_reason: str = ""

    def state(self, now: datetime) -> State:
        if self.ended_at is not None:
            return "ended"
        return "active" if self.until > now else "expired"


class Waivers:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def grant(self, one: Granted) -> Granted | None:
        """Keeps a waiver and makes its entity due, in one transaction. One of the same check that is in force ends
        with it. None: there is no such entity, or none is living."""
        now = one.granted_at
        with self._database.write(awaited=True) as connection:
            if not mark(connection, [str(one.entity)], Why.WAIVER, now):  # its row stays locked: one grant at a time
                return None
            same = (_AT.entity == str(one.entity), _AT.check == one.check, *_in_force(now))
            values = {"ended_at": now, "ended_by": one.granted_by, "end_reason": REPLACED}
            connection.execute(update(waivers).where(*same).values(**values))
            made = connection.execute(insert(waivers).values(**_row(one)).returning(_AT.id))
            return replace(one, id=made.scalar_one())

    def end(self, id_: int, by: str, reason: str, now: datetime) -> Granted | None:
        """Ends one that is in force, and makes its entity due. None: there is none such."""
        found = self.get(id_)
        if found is None:
            return None
        values = {"ended_at": now, "ended_by": by, "end_reason": reason}
        with self._database.write(awaited=True) as connection:
            mark(connection, [str(found.entity)], Why.WAIVER, now)
            ended = update(waivers).where(_AT.id == id_, *_in_force(now)).values(**values)
            if not connection.execute(ended).rowcount:
                return None
        return replace(found, ended_at=now, ended_by=by, end_reason=reason)

    def get(self, id_: int) -> Granted | None:
        with self._database.read() as connection:
            query = select(waivers).where(_AT.id == id_, *self._sight.of(_AT.entity))
            row = connection.execute(query).mappings().first()
        return None if row is None else _granted(row)

    def in_force(self, refs: Sequence[EntityRef], now: datetime) -> dict[EntityRef, tuple[Waiver, ...]]:
        """What is waived of these entities now, as judging takes it; those without any are absent."""
        by_text = {str(ref): ref for ref in refs}
        found: dict[EntityRef, tuple[Waiver, ...]] = {}
        with self._database.read() as connection:
            for chunk in chunks(by_text):
                meant = (_AT.entity.in_(chunk), *self._sight.of(_AT.entity), *_in_force(now))
                query = select(waivers).where(*meant).order_by(_AT.id)
                for row in connection.execute(query):
                    one = Waiver(row.entity, row.check, row.reason, row.until, row.granted_by, row.id)
                    found[by_text[row.entity]] = (*found.get(by_text[row.entity], ()), one)
        return found

    def page(
        self,
        now: datetime,
        *,
        before: int | None = None,
        limit: int = 100,
        entity: EntityRef | None = None,
        owners: Sequence[EntityRef] = (),
        check: str = "",
        state: State | None = None,
    ) -> Page[Granted]:
        """Waivers, the newest first; `before`: the id where the last page ended. `owners`: of what these own now."""
        where = [*self._sight.of(_AT.entity)]
        where += [_AT.entity == str(entity)] if entity is not None else []
        where += [_AT.check == check] if check else []
        where += _of_state(state, now) if state is not None else []
        if owners:
            owned = select(entities.c.ref).where(entities.c.owner.in_([str(owner) for owner in owners]))
            where.append(_AT.entity.in_(owned))
        query = select(waivers).where(*where).order_by(_AT.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(_AT.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.execute(select(func.count()).select_from(waivers).where(*where)).scalar_one()
        items = tuple(_granted(row) for row in rows[:limit])
        return Page(items, str(items[-1].id) if len(rows) > limit else None, total)


def _in_force(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _AT.until > now, or_(_AT.ended_at.is_(None), _AT.ended_at > now)


def _of_state(state: State, now: datetime) -> list[ColumnElement[bool]]:
    if state == "ended":
        return [_AT.ended_at.is_not(None)]
    return [_AT.ended_at.is_(None), _AT.until > now if state == "active" else _AT.until <= now]


def _row(one: Granted) -> dict[str, Any]:
    names = [name for name in Granted.__dataclass_fields__ if name != "id"]
    return {**{name: getattr(one, name) for name in names}, "entity": str(one.entity)}


def _granted(row: RowMapping) -> Granted:
    return Granted(**{**row, "entity": EntityRef.parse(row["entity"])})
