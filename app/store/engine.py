"""Connections: the only place that knows how a database is opened and how a transaction begins.

SQLite: WAL, one writer at a time. A write begins with BEGIN IMMEDIATE, so a reader never turns writer half-way (the
upgrade deadlock that SQLite answers with SQLITE_BUSY at once, whatever the busy time-out).

PostgreSQL: many writers. A read sees one snapshot (REPEATABLE READ, READ ONLY); a write is READ COMMITTED and locks
what it depends on, always in the order repositories, turns (`sql.take_turn`), entities, counters. Waits are bounded.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from app.errors import SettingsError
from app.store.precedence import Precedence

_BUSY_SECONDS = 30
_LOOK_SECONDS = 0.001
_NEVER = threading.Event()
"""Waited for instead of sleeping, which fails where a clock is set by preloading (libfaketime) and is ahead."""
DatabaseError = SQLAlchemyError
"""Whatever a database refuses or fails at."""
CONNECTIONS = 10
"""Connections that one process keeps open to PostgreSQL, unless the settings say otherwise; as many again in a rush."""
_POOL_SECONDS = 10
_POSTGRES = {
    "application_name": "roadworthy",
    "client_encoding": "utf8",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": "-c statement_timeout=60s -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s -c jit=off"
    # What was answered is kept, and what a process remembers of its own writes stays true, when the server crashes.
    " -c synchronous_commit=on",
}
_PRAGMAS = ("synchronous=NORMAL", "foreign_keys=ON", "cache_size=-2000", "temp_store=MEMORY")


class Database:
    """One database, opened once a process (never carried over a fork). Safe for threads."""

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        """`url` as SQLAlchemy writes it: `sqlite:///file` or `postgresql://…`. Raises SettingsError."""
        self.engine = _engine(url, connections)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        one_view = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = self.engine.execution_options(**one_view)
        self._turn = threading.Lock()
        self._precedence = Precedence(Path(f"{self.engine.url.database}-turn")) if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; nothing may be written in it."""
        with self._reading.begin() as connection:
            if self.is_sqlite:
                _begin_reading(connection.connection.driver_connection)
            yield connection

    @contextmanager
    def write(self, *, awaited: bool = False) -> Iterator[Connection]:
        """One transaction: all of it is kept, or none. `awaited`: somebody waits for the answer, so that what is not
        gives way where there is one writer.
        """
        if self._precedence is None:
            with self.engine.begin() as connection:
                yield connection
            return
        if not awaited:
            self._precedence.give()  # before its turn: who is given way to may be a thread that waits for that turn
        with (
            self._precedence.claimed() if awaited else nullcontext(),
            self._turn,  # threads queue here, fairly
            self.engine.begin() as connection,
        ):
            _begin_writing(connection.connection.driver_connection)
            yield connection

    def close(self) -> None:
        self.engine.dispose()
        if self._precedence is not None:
            self._precedence.close()


def first_line(error: BaseException) -> str:
    """What went wrong, in a line of a log: without the statement and its parameters."""
    return (str(getattr(error, "orig", None) or error).strip() or type(error).__name__).splitlines()[0]


def is_database_trouble(error: BaseException) -> bool:
    """Whether the database, not what was asked of it, is to blame: away, restarting, full, locked, a deadlock.

    Trying again later can help, and whatever was being worked on did nothing wrong.
    """
    return isinstance(error, OperationalError | InterfaceError | InternalError | TimeoutError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def _engine(url: str, connections: int) -> Engine:
    try:
        parts = make_url(url)
    except ArgumentError:
        raise SettingsError("database.url is not a database URL such as sqlite:///roadworthy.db") from None
    backend = parts.get_backend_name()
    if backend == "postgresql":
        return _postgres(parts, connections)
    if backend != "sqlite":
        raise SettingsError(f"database.url begins with {backend}; only sqlite and postgresql are known")
    return _sqlite(parts)


def _postgres(parts: URL, connections: int) -> Engine:
    given = {name: value for name, value in _POSTGRES.items() if name not in parts.query}
    try:
        return create_engine(
            parts.set(drivername="postgresql+psycopg"),
            connect_args=given,
            pool_pre_ping=True,  # a restarted server costs a ping, not a failed request
            pool_size=connections,
            max_overflow=connections,
            pool_timeout=_POOL_SECONDS,
        )
    except ModuleNotFoundError:
        raise SettingsError("PostgreSQL needs its driver: pip install 'roadworthy[server]'") from None


def _sqlite(parts: URL) -> Engine:
    if not parts.database or parts.database == ":memory:":
        raise SettingsError("database.url names no file; an SQLite database in memory can't be shared by threads")
    Path(parts.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parts, connect_args={"timeout": _BUSY_SECONDS}, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _prepare)
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
            _NEVER.wait(0.02)
        else:
            return


def _begin_reading(driver: Any) -> None:
    """Begun by the driver itself: through SQLAlchemy that costs as much as a query, and a listener for it on the engine
    would cost every statement its share.
    """
    try:
        driver.execute("BEGIN")
    except sqlite3.OperationalError as error:
        raise OperationalError("BEGIN", None, error) from error


def _begin_writing(driver: Any) -> None:
    """Looks every millisecond whether it may write. By itself SQLite looks later and later, up to 100 ms apart."""
    until = time.monotonic() + _BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                    raise OperationalError("BEGIN IMMEDIATE", None, error) from error
                _NEVER.wait(_LOOK_SECONDS)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
