"""What the tables say of how the service does at this moment, for metrics and readiness. One consistent look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from app.store.engine import Database
from app.store.sql import lives, number
from app.store.tables import entities, providers, repositories
from app.store.tables_inbound import inbound, inbound_refused
from app.store.tables_outgoing import deliveries
from app.store.tables_work import workers

_MESSAGE_STATES = ("waiting", "sent", "dead", "moot")
"""Each is said from the start: what first appears as 1 has grown for nobody who looks at it."""
ALIVE = timedelta(seconds=30)
"""A worker that was silent for longer is not at work: it says so every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """Ages in seconds; 0.0 where nothing waits. `*_errors`: reason → how many."""

    repositories: int
    repositories_unread: int
    repositories_parked: int
    repositories_deadly: int
    repositories_running: int
    repository_errors: Mapping[str, int]
    due_age: float
    hint_age: float
    checked_age: float
    entities: int
    entities_due: int
    entities_due_age: float
    entities_failing: int
    providers: Mapping[str, bool]
    workers: int
    worker_silence: float
    deliveries_waiting_age: float
    deliveries_refused: Mapping[tuple[str, str], int]
    messages: Mapping[str, int]
    changes: int


def gauges(database: Database, now: datetime) -> Gauges:
    with database.read() as connection:
        return Gauges(
            **_of_repositories(connection, now),
            **_of_entities(connection, now),
            **_of_workers(connection, now),
            **_of_messages(connection, now),
            providers={row.name: row.error == "" for row in connection.execute(select(providers))},
            changes=number(connection, "changes"),
        )


def _age(now: datetime, at: datetime | None) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


def _count(*where: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(and_(*where))


def _of_repositories(connection: Connection, now: datetime) -> dict[str, Any]:
    at = repositories.c
    living = at.orphaned_at.is_(None)
    is_free = at.lease_until.is_(None) | (at.lease_until <= now)
    asked = select(
        func.count().label("all"),
        _count(at.read_at.is_(None)).label("unread"),
        _count(at.parked_reason != "").label("parked"),
        _count(at.deaths > 0).label("deadly"),
        _count(at.lease_until > now).label("running"),
        func.min(at.due_at).filter(and_(at.due_at <= now, is_free)).label("due"),
        func.min(at.hinted_at).filter(at.hints > at.hints_done).label("hinted"),
        func.min(at.checked_at).filter(at.parked_reason == "").label("checked"),
    ).where(living)
    row = connection.execute(asked).one()
    reasons = select(at.last_error_reason, func.count()).where(living, at.failures > 0).group_by(at.last_error_reason)
    return {
        "repositories": row.all,
        "repositories_unread": row.unread,
        "repositories_parked": row.parked,
        "repositories_deadly": row.deadly,
        "repositories_running": row.running,
        "repository_errors": {reason or "source_failing": count for reason, count in connection.execute(reasons)},
        "due_age": _age(now, row.due),
        "hint_age": _age(now, row.hinted),
        "checked_age": _age(now, row.checked),
    }


def _of_entities(connection: Connection, now: datetime) -> dict[str, Any]:
    at = entities.c
    living = at.orphaned_at.is_(None)
    due = select(func.count(), func.min(at.judge_due_at)).where(at.judge_due_at <= now, lives(at.orphaned_at))
    waiting, oldest = connection.execute(due).one()
    all_ = select(func.count(), _count(at.judge_failures > 0)).where(living)
    total, failing = connection.execute(all_).one()
    return {
        "entities": total,
        "entities_due": waiting,
        "entities_due_age": _age(now, oldest),
        "entities_failing": failing,
    }


def _of_workers(connection: Connection, now: datetime) -> dict[str, Any]:
    seen = list(connection.execute(select(workers.c.seen_at)).scalars())
    alive = [at for at in seen if now - at <= ALIVE]
    return {"workers": len(alive), "worker_silence": _age(now, max(seen, default=None))}


def _of_messages(connection: Connection, now: datetime) -> dict[str, Any]:
    at, refused = inbound.c, inbound_refused.c
    waiting = select(func.min(at.received_at)).where(at.state == "accepted", at.hint.is_not(None))
    states = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    counts = select(refused.source, refused.reason, refused["count"])
    return {
        "deliveries_waiting_age": _age(now, connection.execute(waiting).scalar()),
        "deliveries_refused": {(row[0], row[1]): row[2] for row in connection.execute(counts)},
        "messages": {**dict.fromkeys(_MESSAGE_STATES, 0), **{row[0]: row[1] for row in connection.execute(states)}},
    }
