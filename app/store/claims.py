"""The due table: who may refresh which repository, and when it is next due.

A claim is a lease and a generation. The row keeps its due time while it runs, so a worker that dies leaves it due when
the lease ends. A hint that comes while one runs is counted; a claim that saw fewer hints than there are leaves the row
due again: one running plus one due, and a hundred pushes are one refresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    case,
    false,
    or_,
    select,
    true,
    update,
)

from app.store import inbound
from app.store.due import entities_of, mark, readers_of
from app.store.engine import Database
from app.store.held import hand_back, move
from app.store.hinted import pulled_forward
from app.store.model import RepositoryClaim, Why
from app.store.sql import Row, chunks
from app.store.tables import repositories

_AT = repositories.c
LONGEST_LEASE = timedelta(hours=1)


class Claims:
    def __init__(self, database: Database) -> None:
        self._database = database

    def claim_due(
        self,
        now: datetime,
        owner: str,
        lease: timedelta,
        *,
        limit: int = 1,
        exclude_hosts: Sequence[str] = (),
        exclude_interactive: Sequence[str] | None = None,
        only_interactive: bool = False,
    ) -> list[RepositoryClaim]:
        """Takes up to `limit` due repositories: interactive ones first, then the longest due. Never the same twice.

        `exclude_interactive`: the hosts left out of what a person waits for, where they are others.
        """
        asked_out = exclude_hosts if exclude_interactive is None else exclude_interactive
        kinds = [(true(), asked_out)] if only_interactive else [(true(), asked_out), (false(), exclude_hosts)]
        wanted = [_wanted(which, left_out, now) for which, left_out in kinds]  # so that an index answers each in order
        with self._database.read() as connection:  # an idle poll takes no write lock
            if not any(connection.execute(one.limit(1)).first() for one in wanted):
                return []
        with self._database.write() as connection:
            urls: list[str] = []
            for one in wanted:
                rest = one.limit(limit - len(urls)).with_for_update(skip_locked=True, key_share=True)
                urls += connection.execute(rest).scalars()
            return _take(connection, urls, owner, now + lease)

    def renew(self, claim: RepositoryClaim, until: datetime) -> bool:
        """Keeps a lease alive. False: it was lost, and whatever runs under it can no longer be saved."""
        with self._database.write() as connection:
            return move(connection, claim, {"lease_until": until})

    def finish(
        self,
        claim: RepositoryClaim,
        *,
        now: datetime,
        next_due: datetime,
        branch: str | None = None,
        branch_resolved_at: datetime | None = None,
        commit: str = "",
        due: int = 0,
    ) -> bool:
        """Hands back a repository that was looked at without failure. False when the lease was lost before.

        A tip that was read is kept by `inventories.save`, under the same claim. `commit` and `due` (how many entities
        it made due) are told to the webhook deliveries that asked.
        """
        with self._database.write() as connection:
            return finish(connection, claim, now, next_due, branch, branch_resolved_at, commit=commit, due=due)

    def fail(
        self,
        claim: RepositoryClaim,
        *,
        now: datetime,
        error: str,
        reason: str,
        next_due: datetime,
        parked_reason: str = "",
        died: bool = False,
    ) -> bool:
        """Hands back a repository that could not be read, with why. `reason` is one of `facts.model.Reason`'s values.

        When the reason is new, the entities that depend on the repository become due, so that they can say so.
        `died`: it was not even tried, since it ended workers before; they stay counted.
        """
        with self._database.write() as connection:
            was = _reason(connection, claim)
            why: Row = {
                "failures": claim.failures + 1,
                "last_error": error,
                "last_error_reason": reason,
                "parked_reason": parked_reason,
            }
            kept = hand_back(connection, claim, now, next_due, why, deaths=claim.deaths if died else 0)
            if kept and was != reason:
                _tell(connection, claim.url, now)
            if kept and claim.hints > claim.hints_done:
                inbound.close(connection, claim.url, claim.hints, now, error=error)
        return kept

    def release(self, claim: RepositoryClaim) -> bool:
        """Gives a repository back untouched and still due: a worker that stops."""
        with self._database.write() as connection:
            return move(connection, claim, {"lease_owner": None, "lease_until": None})

    def postpone(self, claim: RepositoryClaim, until: datetime) -> bool:
        """Gives a repository back untouched, due a little later: the database's own trouble is no failure of it."""
        with self._database.write() as connection:
            return move(connection, claim, {"lease_owner": None, "lease_until": None, "due_at": until})

    def hint(self, url: str, now: datetime, *, interactive: bool = False) -> bool:
        """Makes a repository due at once, also when it is running. False when it is not known (or orphaned)."""
        values: dict[str, Any] = {
            "hints": _AT.hints + 1,
            "hinted_at": now,
            "due_at": pulled_forward(now),
        }
        if interactive:
            values["interactive"] = True
        with self._database.write(awaited=interactive) as connection:
            done = update(repositories).where(_AT.url == url, _AT.orphaned_at.is_(None)).values(**values)
            return connection.execute(done).rowcount == 1

    def read_again(self, version: str, now: datetime) -> int:
        """Makes due what other readers than `version` read: after an upgrade. Returns how many repositories."""
        other = (_AT.read_at.is_not(None), _AT.read_version != version, _AT.orphaned_at.is_(None), _AT.due_at > now)
        with self._database.read() as connection:
            if connection.execute(select(_AT.url).where(*other).limit(1)).first() is None:
                return 0
        with self._database.write() as connection:
            return connection.execute(update(repositories).where(*other).values(due_at=now)).rowcount


def finish(
    connection: Connection,
    claim: RepositoryClaim,
    now: datetime,
    next_due: datetime,
    branch: str | None = None,
    branch_resolved_at: datetime | None = None,
    *,
    commit: str = "",
    due: int = 0,
    read: Row | None = None,
) -> bool:
    """`Claims.finish` within a transaction. `read`: what else is to be kept in the row, of a tip that was read."""
    was = _reason(connection, claim) if claim.failures else ""
    values: Row = {**(read or {}), "checked_at": now}
    if branch is not None:
        values |= {"branch": branch, "branch_resolved_at": branch_resolved_at or now}
    if claim.failures:
        values |= {"failures": 0, "last_error": "", "last_error_reason": "", "parked_reason": ""}
    kept = hand_back(connection, claim, now, next_due, values)
    if kept and was:
        _tell(connection, claim.url, now)
    if kept and claim.hints > claim.hints_done:
        inbound.close(connection, claim.url, claim.hints, now, commit=commit, due=due)
    return kept


def _wanted(interactive: ColumnElement[bool], left_out: Sequence[str], now: datetime) -> Select[Any]:
    due = [_AT.interactive.is_(interactive), _AT.due_at <= now, _is_free(now), _AT.orphaned_at.is_(None)]
    if left_out:
        due.append(_AT.host.not_in(list(left_out)))
    return select(_AT.url).where(*due).order_by(_AT.due_at, _AT.url)


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Not leased; a lease that ends later than any may was made by a clock that was ahead."""
    return or_(_AT.lease_until.is_(None), _AT.lease_until <= now, _AT.lease_until > now + LONGEST_LEASE)


def _take(connection: Connection, urls: Sequence[str], owner: str, until: datetime) -> list[RepositoryClaim]:
    lapsed = _AT.lease_owner.is_not(None)
    values = {
        "lease_owner": owner,
        "lease_until": until,
        "generation": _AT.generation + 1,
        "deaths": _AT.deaths + case((lapsed, 1), else_=0),
    }
    columns = [column for column in _AT if column.name not in ("paths", "skipped")]
    claims: dict[str, RepositoryClaim] = {}
    for chunk in chunks(urls):
        left = set(connection.execute(select(_AT.url).where(_AT.url.in_(chunk), lapsed)).scalars())
        connection.execute(update(repositories).where(_AT.url.in_(chunk)).values(**values))
        rows = connection.execute(select(*columns).where(_AT.url.in_(chunk))).mappings()
        claims |= {row["url"]: _claim(row, owner, until, lapsed=row["url"] in left) for row in rows}
    return [claims[url] for url in urls]


def _claim(row: RowMapping, owner: str, until: datetime, *, lapsed: bool) -> RepositoryClaim:
    return RepositoryClaim(
        url=row["url"],
        remote=row["remote"],
        host=row["host"],
        branch=row["branch"],
        branch_resolved_at=row["branch_resolved_at"],
        tip=row["tip"],
        owner=owner,
        generation=row["generation"],
        hints=row["hints"],
        hints_done=row["hints_done"],
        lease_until=until,
        interactive=row["interactive"],
        lapsed=lapsed,
        deaths=row["deaths"],
        failures=row["failures"],
        parked_reason=row["parked_reason"],
        checked_at=row["checked_at"],
        read_at=row["read_at"],
        read_version=row["read_version"],
        forge_id=row["forge_id"],
    )


def _reason(connection: Connection, claim: RepositoryClaim) -> str:
    return connection.execute(select(_AT.last_error_reason).where(_AT.url == claim.url)).scalar() or ""


def _tell(connection: Connection, url: str, now: datetime) -> None:
    concerned = entities_of(connection, url) | readers_of(connection, url, None)
    mark(connection, concerned, Why.DATA_SOURCE, now)
