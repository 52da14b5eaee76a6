"""The schema's revisions, for every database: whole or not at all, many at once, old code on a newer schema."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import servers
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from app.store import migrate
from app.store.engine import Database
from app.store.tables import counters, metadata

_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a schema."""
    if request.param == "postgresql":
        found: str = request.getfixturevalue("empty_postgres_url")
        return found
    return f"sqlite:///{tmp_path / 'deep' / 'store.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def test_the_revisions_make_exactly_the_tables(url: str, database: Database) -> None:
    assert migrate.current(url) is None

    assert migrate.upgrade(url) == migrate.current(url) == migrate.head()

    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_text_that_is_indexed_sorts_by_code_point_whatever_the_server_speaks(empty_postgres_url: str) -> None:
    migrate.upgrade(empty_postgres_url)
    database = Database(empty_postgres_url)
    query = """
        SELECT DISTINCT t.relname || '.' || a.attname FROM pg_index i
        JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
        LEFT JOIN pg_collation c ON c.oid = a.attcollation
        WHERE n.nspname = 'public' AND a.attcollation <> 0 AND c.collname <> 'C' AND t.relname <> 'alembic_version'
    """
    with database.read() as connection:
        wrong = list(connection.execute(text(query)).scalars())
    database.close()
    assert wrong == []


def test_upgrading_twice_and_at_once_is_harmless(url: str) -> None:
    program = "import sys; from app.store import migrate; print(migrate.upgrade(sys.argv[1]))"

    all_ = [subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True) for _ in range(3)]

    assert [process.communicate(timeout=60)[0] for process in all_] == [f"{migrate.head()}\n"] * 3
    assert migrate.upgrade(url) == migrate.head()


def test_an_index_that_was_made_before_the_upgrade_stands(url: str, database: Database) -> None:
    migrate.upgrade(url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0022'"))

    assert migrate.upgrade(url) == migrate.head()


def test_a_newer_schema_that_still_serves_this_version_is_left_as_it_is(url: str, database: Database) -> None:
    migrate.upgrade(url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert migrate.upgrade(url) == "9999"
    assert migrate.current(url) == "9999"


def test_a_newer_schema_that_breaks_this_version_is_refused_in_words(url: str, database: Database) -> None:
    migrate.upgrade(url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(counters.update().where(counters.c.name == "schema_needs").values(value=9998))

    with pytest.raises(migrate.SchemaError, match=f"its schema 9999 needs one that knows 9998.*{migrate.head()}"):
        migrate.upgrade(url)


def test_an_upgrade_that_fails_leaves_nothing_behind(url: str, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("CREATE TABLE results (x INTEGER)"))

    with pytest.raises(Exception, match="already exists"):
        migrate.upgrade(url)

    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["results"]


def test_an_upgrade_gives_way_to_who_holds_a_table_and_comes_again(empty_postgres_url: str) -> None:
    database = Database(empty_postgres_url)
    with database.write() as connection:
        command.upgrade(migrate.alembic_config(connection), "0002")
    holder = database.engine.connect()
    holder.execute(text("LOCK TABLE counters IN ACCESS EXCLUSIVE MODE"))
    came = threading.Event()

    def is_waited_for() -> bool:
        with database.read() as connection:
            return bool(connection.execute(text(_WAITING)).scalar())

    def let_go_when_it_gave_way() -> None:
        for wanted in (True, False):
            while is_waited_for() is not wanted:
                came.wait(0.05)
        holder.rollback()

    with ThreadPoolExecutor(1) as pool:
        let_go = pool.submit(let_go_when_it_gave_way)
        assert migrate.upgrade(empty_postgres_url) == migrate.head()
        let_go.result(30)
    holder.close()
    database.close()


def test_a_database_that_is_away_is_said_in_one_sentence() -> None:
    with pytest.raises(migrate.SchemaError, match=r"can't be used.*port 1 failed") as caught:
        migrate.upgrade("postgresql://someone:secret@127.0.0.1:1/roadworthy")
    assert "secret" not in str(caught.value)


def test_a_database_of_another_encoding_is_refused(postgres_server: str) -> None:
    name = f"latin_{servers.worker_name()}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")

    with pytest.raises(migrate.SchemaError, match="encoding is LATIN1; make it with ENCODING 'UTF8'"):
        migrate.upgrade(f"{postgres_server}/{name}")
