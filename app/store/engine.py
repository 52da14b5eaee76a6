"""Connections: the only place that knows how a database is opened and how a transaction begins.

SQLite: WAL, one writer at a time. A write begins with BEGIN IMMEDIATE, so a reader never turns writer half-way (the
upgrade deadlock that SQLite answers with SQLITE_BUSY at once, whatever the busy time-out).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import SettingsError

_BUSY_SECONDS = 30
_PRAGMAS = ("synchronous=NORMAL", "foreign_keys=ON", "cache_size=-8000", "temp_store=MEMORY")


class Database:
    """One database, opened once a process (never carried over a fork). Safe for threads."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy writes it: `sqlite:///file` or `postgresql+psycopg://…`. Raises SettingsError."""
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(write=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._turn = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; nothing may be written in it."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it is kept, or none."""
        if not self.is_sqlite:
            with self._writing.begin() as connection:
                yield connection
            return
        with self._turn, self._writing.begin() as connection:  # threads queue here, fairly; processes in SQLite
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parts = make_url(url)
    except ArgumentError:
        raise SettingsError("database.url is not a database URL such as sqlite:///roadworthy.db") from None
    backend = parts.get_backend_name()
    if backend == "postgresql":
        return create_engine(parts.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    if backend != "sqlite":
        raise SettingsError(f"database.url begins with {backend}; only sqlite and postgresql are known")
    if not parts.database or parts.database == ":memory:":
        raise SettingsError("database.url names no file; an SQLite database in memory can't be shared by threads")
    Path(parts.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parts, connect_args={"timeout": _BUSY_SECONDS}, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Turns WAL on. Two processes that open a new file at once: SQLite answers one of them "locked" without waiting."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
