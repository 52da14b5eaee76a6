"""Small helpers over SQLAlchemy Core that both databases share; only upserts and turns ask which one it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Executable,
    Table,
    Update,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.store.tables import counters
from app.store.types import Instant

T = TypeVar("T")
Row = dict[str, Any]

CHUNK = 500
"""Values in one IN list: far below SQLite's and PostgreSQL's bounds on parameters."""

CATALOG_TURN, DISCOVERY_TURN = "catalog", "discovery"


_NUMBER = select(counters.c.value).where(counters.c.name == bindparam("counter"))
_TAKE = (
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + bindparam("by"))
    .returning(counters.c.value)
)


def lives(orphaned_at: ColumnElement[Any]) -> ColumnElement[bool]:
    """That a row is no orphan's, where something else says which few are meant.

    Said so that SQLite, which keeps no statistics here, does not look through all that live for them. With `=`
    PostgreSQL would take one in two hundred for true, and walk the table for want of enough.
    """
    return case((orphaned_at.is_(None), 1), else_=0) != 0


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, or overwrites the named columns of those whose primary key is there already."""
    if rows:
        connection.execute(_upserting(connection.dialect.name, table, tuple(rows[0])), list(rows))


@cache
def _upserting(dialect: str, table: Table, names: tuple[str, ...]) -> Executable:
    """Made once: building the statement costs more than running it. Columns that are not named are left alone."""
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    keys = [column.name for column in table.primary_key]
    others = {name: statement.excluded[name] for name in names if name not in keys}
    if others:
        return statement.on_conflict_do_update(index_elements=keys, set_=others)
    return statement.on_conflict_do_nothing(index_elements=keys)


def add(connection: Connection, table: Table, column: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds each row's number to the row with its primary key, or inserts it where there is none."""
    if not rows:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table)
    keys = [key.name for key in table.primary_key]
    total = {column: table.c[column] + statement.excluded[column]}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=total), list(rows))


def insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, none being fine."""
    if rows:
        connection.execute(table.insert(), list(rows))


def remove(
    connection: Connection, table: Table, column: str, values: Iterable[Any], *also: ColumnElement[bool]
) -> None:
    """Deletes the rows whose `column` is one of `values`, and for which all of `also` holds."""
    for chunk in chunks(values):
        statement: Delete = delete(table).where(table.c[column].in_(chunk), *also)
        connection.execute(statement)


def change(connection: Connection, table: Table, key: str, rows: Sequence[Row]) -> None:
    """Updates one row for each of `rows`, found by its `key`; all rows name the same columns."""
    if not rows:
        return
    values: Row = {name: bindparam(f"new_{name}") for name in rows[0] if name != key}
    statement: Update = update(table).where(table.c[key] == bindparam("wanted_key")).values(values)
    connection.execute(
        statement,
        [{"wanted_key" if name == key else f"new_{name}": value for name, value in row.items()} for row in rows],
    )


def earliest(column: Column[datetime], at: datetime | ColumnElement[datetime]) -> ColumnElement[datetime]:
    """The column's instant or `at`, whichever comes first; `at` where the column is null."""
    return case((column < at, column), else_=literal(at, Instant) if isinstance(at, datetime) else at)


def take_turn(connection: Connection, name: str, *, share: bool = False) -> None:
    """Waits until nobody else is at `name`, and keeps others away until the transaction ends.

    With `share` only those away who don't share.

    Turns are taken after rows of repositories and before rows of entities. On SQLite a write is alone anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    lock = func.pg_advisory_xact_lock_shared if share else func.pg_advisory_xact_lock
    connection.execute(select(lock(func.hashtext(f"roadworthy:{name}"))))


def next_numbers(connection: Connection, name: str, count: int = 1) -> int:
    """Takes `count` numbers of a counter and returns the first.

    The counter's row stays locked until the transaction ends, so numbers are seen in their order: a reader that
    remembers the highest one it saw never misses a lower one that commits later.
    """
    for _ in range(2):
        last: int | None = connection.execute(_TAKE, {"counter": name, "by": count}).scalar()
        if last is not None:
            return last - count + 1
        # Nothing is overwritten where another transaction made it meanwhile.
        connection.execute(_upserting(connection.dialect.name, counters, ("name",)), [{"name": name, "value": 0}])
    raise AssertionError(f"the counter {name} can't be made")


def number(connection: Connection, name: str) -> int:
    """The last number taken of a counter; 0 before the first."""
    return connection.execute(_NUMBER, {"counter": name}).scalar() or 0


def set_number(connection: Connection, name: str, value: int) -> None:
    """Puts a counter to a value that is no count."""
    upsert(connection, counters, [{"name": name, "value": value}])
