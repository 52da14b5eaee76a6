"""Small helpers over SQLAlchemy Core that both databases share; `upsert` is the only one that asks which it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Table,
    Update,
    bindparam,
    case,
    delete,
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
    if not rows:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table)
    keys = [column.name for column in table.primary_key]
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if others:
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), list(rows))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=keys), list(rows))


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


def earliest(column: Column[datetime], at: datetime) -> ColumnElement[datetime]:
    """The column's instant or `at`, whichever comes first; `at` where the column is null."""
    return case((column < at, column), else_=literal(at, Instant))


def next_numbers(connection: Connection, name: str, count: int = 1) -> int:
    """Takes `count` numbers of a counter and returns the first.

    The counter's row stays locked until the transaction ends, so numbers are seen in their order: a reader that
    remembers the highest one it saw never misses a lower one that commits later.
    """
    upsert_free = update(counters).where(counters.c.name == name).values(value=counters.c.value + count)
    if connection.execute(upsert_free).rowcount == 0:
        upsert(connection, counters, [{"name": name, "value": 0}])
        connection.execute(upsert_free)
    last: int = connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one()
    return last - count + 1


def number(connection: Connection, name: str) -> int:
    """The last number taken of a counter; 0 before the first."""
    return connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar() or 0
