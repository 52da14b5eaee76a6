"""What a clock that stepped back leaves behind: due times and leases in a future that will not come for long.

A worker calls `mend` now and then. Clocks of several machines may differ by seconds (NTP); what is mended is off by
more than anything that is written on purpose.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, or_, select, update

from app.store.engine import Database
from app.store.gates import gates
from app.store.tables import entities, repositories
from app.store.tables_outgoing import deliveries
from app.store.tables_proposed import fix_requests

_SLACK = timedelta(minutes=1)
_LONGEST_JUDGING_RETRY = timedelta(minutes=10)
_LONGEST_TELLING_RETRY = timedelta(hours=1, minutes=10)
"""Of messages and of proposed changes; both wait an hour at most, and a little."""
_LONGEST_LOOKING_REST = timedelta(days=1, minutes=10)
"""Of fix requests, each of which is looked at once a day."""


def mend(database: Database, now: datetime) -> int:
    """Makes due what waits for an instant that only a clock ahead of ours can have written. Returns how many rows.

    Repositories that were looked at, or hinted at and not looked at since, after now; entities that something made due,
    but later than any retry; messages and proposed changes that were made or tried after now, or wait longer than any
    retry, and fix requests that do. Writes nothing, and takes no lock, when there is nothing to mend.
    """
    at, of, told, asked, proposed = repositories.c, entities.c, deliveries.c, gates.c, fix_requests.c
    wrong: dict[Table, tuple[tuple[ColumnElement[bool], ...], dict[str, datetime | None]]] = {
        repositories: (_early(now), {"due_at": now, "checked_at": None}),
        entities: ((of.why_due != 0, of.judge_due_at > now + _LONGEST_JUDGING_RETRY), {"judge_due_at": now}),
        deliveries: (_untold(now), {"next_at": now, "created_at": now, "first_try_at": None}),
        gates: (_unjudged(now), {"due_at": now, "asked_at": now, "lease_until": None}),
        fix_requests: (_unlooked(now), {"due_at": now, "lease_until": None}),
    }
    keys = {
        repositories: at.url,
        entities: of.ref,
        deliveries: told.id,
        gates: asked.ref,
        fix_requests: proposed.entity,
    }
    with database.read() as connection:
        waiting = {
            table: len(connection.execute(select(keys[table]).where(*where)).all())
            for table, (where, _) in wrong.items()
        }
    if not any(waiting.values()):
        return 0
    with database.write() as connection:
        for table, (where, mended) in wrong.items():
            if waiting[table]:
                connection.execute(update(table).where(*where).values(**mended))
    return sum(waiting.values())


def _early(now: datetime) -> tuple[ColumnElement[bool], ...]:
    at = repositories.c
    hinted = (at.hints > at.hints_done) & (at.hinted_at > now + _SLACK)
    return at.due_at > now + _SLACK, or_(at.checked_at > now + _SLACK, hinted)


def _untold(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """A message's window may be long, so an untried one is known by when it was made."""
    at = deliveries.c
    late = (at.tries > 0) & (at.next_at > now + _LONGEST_TELLING_RETRY)
    ahead = or_(at.created_at > now + _SLACK, at.first_try_at > now + _SLACK, late)
    return at.state == "waiting", at.next_at > now + _SLACK, ahead


def _unjudged(now: datetime) -> tuple[ColumnElement[bool], ...]:
    at = gates.c
    longest = now + _LONGEST_TELLING_RETRY
    late = or_(at.asked_at > now + _SLACK, at.due_at > longest, at.lease_until > longest)
    return at.due_at.is_not(None), late, or_(at.due_at > now + _SLACK, at.lease_until > now + _SLACK)


def _unlooked(now: datetime) -> tuple[ColumnElement[bool], ...]:
    at, longest = fix_requests.c, now + _LONGEST_LOOKING_REST
    return at.due_at.is_not(None), or_(at.due_at > longest, at.lease_until > longest)
