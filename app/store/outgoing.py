"""Messages to the world: gathered from changes without missing or doubling one, claimed, tried, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, literal, select, update

from app.catalog.model import EntityRef
from app.lib.times import format_instant
from app.store.engine import Database
from app.store.model import Change, Page
from app.store.sql import number, upsert
from app.store.tables import changes, counters, entities
from app.store.tables_outgoing import attempts, deliveries
from app.store.types import Instant

_D = deliveries.c
_CURSOR = "told:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as kept. `changes`: what it tells, oldest first, each `{cursor, at, entity, scorecard, what, before,
    after, reason, check}`.
    """

    id: int
    target: str
    owner: str
    state: str
    reason: str
    created_at: datetime
    next_at: datetime
    first_try_at: datetime | None
    ended_at: datetime | None
    tries: int
    generation: int
    changes: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `status` None: nobody answered."""

    at: datetime
    status: int | None
    error: str
    milliseconds: int


Wanted = Callable[[Change, str], bool]
"""Whether a target is told of a change; the second argument is the entity's owner, "" for none."""


class Outgoing:
    def __init__(self, database: Database) -> None:
        self._database = database

    def gather(self, target: str, wanted: Wanted, now: datetime, window: timedelta, *, limit: int = 1000) -> int:
        """Adds new changes to the target's waiting messages, one an owner, and moves its place, in one transaction.

        A new target begins at the newest change: the past is not told. Returns how many changes were looked at.
        """
        name = _CURSOR + target
        with self._database.write() as connection:
            row = connection.execute(select(counters.c.value).where(counters.c.name == name).with_for_update()).first()
            if row is None:
                upsert(connection, counters, [{"name": name, "value": number(connection, "changes")}])
                return 0
            found = _after(connection, row.value, limit)
            if not found:
                return 0
            by_owner: dict[str, list[dict[str, Any]]] = {}
            for change, owner in found:
                if wanted(change, owner):
                    by_owner.setdefault(owner, []).append(_told(change))
            for owner, told in by_owner.items():
                _add(connection, target, owner, told, now, window)
            moved = {"value": found[-1][0].cursor}
            connection.execute(update(counters).where(counters.c.name == name).values(**moved))
        return len(found)

    def claim(self, now: datetime, lease: timedelta, *, limit: int = 10) -> list[Message]:
        """Takes messages that are due; whoever dies with one leaves it due when the lease ends."""
        due = select(_D.id).where(_D.state == "waiting", _D.next_at <= now).order_by(_D.next_at, _D.id).limit(limit)
        with self._database.read() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            ids = list(connection.execute(due.with_for_update(skip_locked=True)).scalars())
            taken = {"next_at": now + lease, "generation": _D.generation + 1, "tries": _D.tries + 1}
            first = {"first_try_at": func.coalesce(_D.first_try_at, literal(now, Instant))}
            connection.execute(update(deliveries).where(_D.id.in_(ids)).values(**taken, **first))
            rows = connection.execute(select(deliveries).where(_D.id.in_(ids)).order_by(_D.id)).mappings().all()
        return [_message(row) for row in rows]

    def keep(
        self,
        message: Message,
        attempt: Attempt | None,
        *,
        state: str,
        reason: str = "",
        next_at: datetime | None = None,
    ) -> bool:
        """Keeps how an attempt went. False when the claim no longer holds: another's word counts."""
        values: dict[str, Any] = {"state": state, "reason": reason}
        if state == "waiting":
            values["next_at"] = next_at or message.next_at
        elif attempt is not None:
            values["ended_at"] = attempt.at
        held = (_D.id == message.id, _D.generation == message.generation, _D.state == "waiting")
        with self._database.write() as connection:
            kept = connection.execute(update(deliveries).where(*held).values(**values)).rowcount == 1
            if kept and attempt is not None:
                row = {name: getattr(attempt, name) for name in Attempt.__dataclass_fields__}
                connection.execute(insert(attempts).values(delivery=message.id, **row))
        return kept

    def send_again(self, message_id: int, now: datetime) -> bool:
        """Makes an ended message due once more, its day of tries begun anew. False when there is none such."""
        ended = (_D.id == message_id, _D.state.in_(("sent", "dead")))
        fresh = {"state": "waiting", "reason": "sent again by hand", "next_at": now, "first_try_at": None}
        with self._database.write() as connection:
            again = update(deliveries).where(*ended).values(**fresh, ended_at=None)
            return connection.execute(again).rowcount == 1

    def get(self, message_id: int) -> Message | None:
        with self._database.read() as connection:
            row = connection.execute(select(deliveries).where(_D.id == message_id)).mappings().first()
        return None if row is None else _message(row)

    def attempts(self, message_id: int) -> list[Attempt]:
        """Every try of a message, oldest first."""
        columns = [attempts.c[name] for name in Attempt.__dataclass_fields__]
        query = select(*columns).where(attempts.c.delivery == message_id).order_by(attempts.c.id)
        with self._database.read() as connection:
            return [Attempt(**row) for row in connection.execute(query).mappings()]

    def page(self, *, before: int | None = None, limit: int = 100, state: str = "", target: str = "") -> Page[Message]:
        """Messages, newest first."""
        where = [column == value for column, value in ((_D.state, state), (_D.target, target)) if value]
        query = select(deliveries).where(*where).order_by(_D.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(_D.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.execute(select(func.count()).select_from(deliveries).where(*where)).scalar_one()
        items = tuple(_message(row) for row in rows[:limit])
        return Page(items, str(items[-1].id) if len(rows) > limit else None, total)

    def states(self) -> dict[tuple[str, str], int]:
        """How many messages stand where: (target, state) → count."""
        query = select(_D.target, _D.state, func.count()).group_by(_D.target, _D.state)
        with self._database.read() as connection:
            return {(target, state): count for target, state, count in connection.execute(query)}

    def prune(self, before: datetime) -> int:
        """Forgets messages that ended before an instant; what was never tried (moot) counts from when it was made."""
        ended = (_D.state != "waiting", func.coalesce(_D.ended_at, _D.created_at) < literal(before, Instant))
        with self._database.write() as connection:
            return connection.execute(delete(deliveries).where(*ended)).rowcount


def _after(connection: Connection, cursor: int, limit: int) -> list[tuple[Change, str]]:
    join = changes.outerjoin(entities, entities.c.ref == changes.c.entity)
    query = select(changes, entities.c.owner).select_from(join).where(changes.c.cursor > cursor)
    rows = connection.execute(query.order_by(changes.c.cursor).limit(limit)).mappings().all()
    return [(_change(row), row["owner"] or "") for row in rows]


def _change(row: RowMapping) -> Change:
    values = {name: row[name] for name in Change.__dataclass_fields__}
    return Change(**{**values, "entity": EntityRef.parse(row["entity"])})


def _told(change: Change) -> dict[str, Any]:
    return {
        "cursor": change.cursor,
        "at": format_instant(change.at),
        "entity": str(change.entity),
        "scorecard": change.scorecard,
        "what": change.what,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "check": change.detail.get("check", ""),
    }


def _add(
    connection: Connection, target: str, owner: str, told: list[dict[str, Any]], now: datetime, window: timedelta
) -> None:
    """To the owner's message that waits untried; else a new one, sent when the window has passed."""
    untried = (_D.target == target, _D.owner == owner, _D.state == "waiting", _D.tries == 0)
    query = select(_D.id, _D.body).where(*untried).order_by(_D.id.desc()).with_for_update()
    row = connection.execute(query.limit(1)).first()
    if row is not None:
        values: dict[str, Any] = {"body": [*row.body, *told]}
        connection.execute(update(deliveries).where(_D.id == row.id).values(**values))
        return
    fresh = {"target": target, "owner": owner, "state": "waiting", "created_at": now, "next_at": now + window}
    connection.execute(insert(deliveries).values(**fresh, body=told))


def _message(row: RowMapping) -> Message:
    names = [name for name in Message.__dataclass_fields__ if name != "changes"]
    return Message(**{name: row[name] for name in names}, changes=tuple(row["body"]))
