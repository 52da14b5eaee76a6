"""Brings a database to the schema this version needs. Alembic, driven from here: no file beside the wheel."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from app.errors import RoadworthyError
from app.store.engine import Database

_LOCK = 7100_2_2  # any number, the same in every process


class SchemaError(RoadworthyError):
    """The database's schema can't be brought to what this version needs."""


def upgrade(url: str) -> str:
    """Makes the schema current, in one transaction; two processes at once are safe. Returns its revision.

    Raises SchemaError when a newer version of this program made the database.
    """
    database = Database(url)
    try:
        with database.write() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(_config(connection), "head")
    except CommandError as error:
        raise SchemaError(f"the database was made by a newer version of this program ({error})") from error
    finally:
        database.close()
    return head()


def current(url: str) -> str | None:
    """The revision of a database's schema; None when it has none yet."""
    database = Database(url)
    try:
        with database.read() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        database.close()


def head() -> str:
    """The revision this version needs."""
    revision = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert revision is not None
    return revision


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "app.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
