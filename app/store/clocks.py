"""What a clock that stepped back leaves behind: due times and leases in a future that will not come for long.

A worker calls `mend` now and then. Clocks of several machines may differ by seconds (NTP); what is mended is off by
more than anything that is written on purpose.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, update

from app.store.engine import Database
from app.store.tables import entities, repositories

_SLACK = timedelta(minutes=1)
_LONGEST_JUDGING_RETRY = timedelta(minutes=10)


def mend(database: Database, now: datetime) -> int:
    """Makes due what waits for an instant that only a clock ahead of ours can have written. Returns how many rows.

    Repositories that were looked at, or hinted at and not looked at since, after now; entities that something made due,
    but later than any retry. Writes nothing, and takes no lock, when there is nothing to mend.
    """
    at, of = repositories.c, entities.c
    hinted = (at.hints > at.hints_done) & (at.hinted_at > now + _SLACK)
    early = (at.due_at > now + _SLACK, or_(at.checked_at > now + _SLACK, hinted))
    late = (of.why_due != 0, of.judge_due_at > now + _LONGEST_JUDGING_RETRY)
    with database.read() as connection:
        waiting = [
            *connection.execute(repositories.select().with_only_columns(at.url).where(*early)).scalars(),
            *connection.execute(entities.select().with_only_columns(of.ref).where(*late)).scalars(),
        ]
    if not waiting:
        return 0
    with database.write() as connection:
        connection.execute(update(repositories).where(*early).values(due_at=now, checked_at=None))
        connection.execute(update(entities).where(*late).values(judge_due_at=now))
    return len(waiting)
