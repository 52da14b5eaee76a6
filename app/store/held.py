"""What a claim's holder writes into its repository's row: only while nobody took it since. For `claims`, `inventories`.

Statements are made once for each set of columns: building one costs more than running it.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Integer, Update, and_, bindparam, case, false, null, select, update

from app.store.model import RepositoryClaim
from app.store.sql import Row
from app.store.tables import repositories
from app.store.types import Instant

_AT = repositories.c
_HELD = and_(
    _AT.url == bindparam("held_url"),
    _AT.generation == bindparam("held_generation"),
    _AT.lease_owner == bindparam("held_owner"),
)
_PATHS = select(_AT.paths).where(_HELD).with_for_update(key_share=True)
_HINTED = _AT.hints > bindparam("seen_hints", type_=Integer)
_UNLESS_HINTED = {
    "due_at": case((_HINTED, bindparam("hinted_due_at", type_=Instant)), else_=bindparam("new_due_at", type_=Instant)),
    "interactive": case((_HINTED, _AT.interactive), else_=false()),
    # a hint that came meanwhile may have told of another default branch: ask HEAD again
    "branch_resolved_at": case((_HINTED, null()), else_=bindparam("new_branch_resolved_at", type_=Instant)),
}
"""A hint that came while the claim was held leaves the repository due."""


def lock(connection: Connection, claim: RepositoryClaim) -> tuple[bytes | None] | None:
    """Keeps others from the row until the transaction ends. Its packed paths, alone; None when the claim is lost."""
    row = connection.execute(_PATHS, _held(claim)).first()
    return None if row is None else (row.paths,)


def move(connection: Connection, claim: RepositoryClaim, values: Row) -> bool:
    """Changes the row. False when the claim no longer holds."""
    return _run(connection, claim, values, _moving(tuple(values), hand_back=False))


def hand_back(
    connection: Connection, claim: RepositoryClaim, now: datetime, next_due: datetime, values: Row, *, deaths: int = 0
) -> bool:
    """Changes the row and ends the claim: next due as said, or at once where a hint came meanwhile."""
    ended: Row = {"lease_owner": None, "lease_until": None, "hints_done": claim.hints, "deaths": deaths}
    back = {**ended, "due_at": next_due, "interactive": False, **values}
    return _run(
        connection, claim, back, _moving(tuple(back), hand_back=True), seen_hints=claim.hints, hinted_due_at=now
    )


def _held(claim: RepositoryClaim) -> Row:
    return {"held_url": claim.url, "held_generation": claim.generation, "held_owner": claim.owner}


def _run(connection: Connection, claim: RepositoryClaim, values: Row, statement: Update, **also: object) -> bool:
    given = {f"new_{name}": value for name, value in values.items()}
    return connection.execute(statement, {**_held(claim), **given, **also}).rowcount == 1


@cache
def _moving(names: tuple[str, ...], *, hand_back: bool) -> Update:
    special = _UNLESS_HINTED if hand_back else {}
    return update(repositories).where(_HELD).values({n: special.get(n, bindparam(f"new_{n}")) for n in names})
