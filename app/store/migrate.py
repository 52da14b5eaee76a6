"""Brings a database to the schema this version needs. Alembic, driven from here: no file beside the wheel.

An older version may go on working on a newer schema, so that N processes can be upgraded one by one and rolled back: a
revision that would break older code says so (`needs`, docs/operations.md), and older code refuses only then.
"""

from __future__ import annotations

import re
import time
from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from app.errors import RoadworthyError
from app.store.engine import Database
from app.store.sql import number, upsert
from app.store.tables import counters

if TYPE_CHECKING:  # a current schema needs no Alembic, whose four megabytes would stay
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_VERSIONS = "alembic_version"
_REVISION = re.compile(r"(\d{4})_\w+\.py")
_LOCK = 7100_2_2  # any number, the same in every process
_NEEDS = "schema_needs"  # the counter that holds the oldest revision whose code works on this schema
_TRIES = 10
_LOCK_SECONDS = 2
"""How long a change of a table waits for those who use it; whoever comes meanwhile waits behind it."""

_OTHER_ORDER = """
    SELECT c.relname, a.attname FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation o ON o.oid = a.attcollation
    WHERE c.relnamespace = current_schema::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid = 'text'::regtype AND o.collname <> 'C'
"""


class SchemaError(RoadworthyError):
    """The database's schema can't be brought to what this version needs, or the database can't be reached."""


def upgrade(url: str) -> str:
    """Makes the schema current, in one transaction; any number of processes at once is safe. Returns its revision.

    A current schema takes no lock. A newer one is left as it is when it still serves this version.
    Raises SchemaError when it does not, or when the database can't be reached.
    """
    database = Database(url)
    try:
        found = _revision(database)
        if found == head():
            return found
        if found is not None and found not in _known():
            _accept_newer(database, found)
            return found
        _migrate(database)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise SchemaError(f"the database can't be used: {reason}") from error
    finally:
        database.close()
    return head()


def current(url: str) -> str | None:
    """The revision of a database's schema; None when it has none yet."""
    database = Database(url)
    try:
        return _revision(database)
    finally:
        database.close()


def head() -> str:
    """The revision this version needs."""
    files = resources.files("app.store").joinpath("migrations", "versions").iterdir()
    return max(found[1] for file in files if (found := _REVISION.fullmatch(file.name)))


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        if not inspect(connection).has_table(_VERSIONS):
            return None
        found: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar()  # noqa: S608
        return found


def _accept_newer(database: Database, found: str) -> None:
    with database.read() as connection:
        needs = number(connection, _NEEDS) if inspect(connection).has_table(counters.name) else 0
    if not needs or int(head()) < needs:
        raise SchemaError(
            f"the database was made by a newer version of this program: its schema {found} "
            f"needs one that knows {needs:04d}, and this one knows {head()}"
        )


def _migrate(database: Database) -> None:
    """One transaction; on PostgreSQL again when somebody kept a table too long."""
    from alembic import command

    for last in range(_TRIES, 0, -1):
        try:
            with database.write() as connection:
                if not database.is_sqlite:
                    _prepare(connection)
                command.upgrade(alembic_config(connection), "head")
                if not database.is_sqlite:
                    _sort_by_code_point(connection)
                upsert(connection, counters, [{"name": _NEEDS, "value": _needed()}])
        except OperationalError as error:
            if last == 1 or database.is_sqlite or not _kept_waiting(error):
                raise
            time.sleep(1)
        else:
            return


def _prepare(connection: Connection) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise SchemaError(f"the database's encoding is {encoding}; make it with ENCODING 'UTF8'")
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))


def _sort_by_code_point(connection: Connection) -> None:
    """Gives text the order that SQLite and Python have, whatever the server's language, before rows or an index grow.

    So pages follow each other, and an index serves comparisons and prefixes. What has it already is left alone.
    """
    for table, column in connection.execute(text(_OTHER_ORDER)).all():
        quote = connection.dialect.identifier_preparer.quote
        connection.execute(text(f'ALTER TABLE {quote(table)} ALTER {quote(column)} TYPE text COLLATE "C"'))


def _kept_waiting(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", "") in ("55P03", "40P01")  # lock_not_available, deadlock_detected


def _needed() -> int:
    return max(int(getattr(script.module, "needs", "0")) for script in _scripts().walk_revisions())


def _known() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config(None))


def alembic_config(connection: Connection | None) -> Config:
    """What Alembic's commands take: our revisions, run in the transaction of `connection`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "app.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
