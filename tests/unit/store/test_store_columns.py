"""Borders of the store: column types, bodies, the schema's revisions, and how a database is opened."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.dialects import sqlite

from app.errors import SettingsError
from app.store import codec, migrate
from app.store.engine import Database
from app.store.sql import next_numbers, number
from app.store.tables import counters
from app.store.types import Instant, Name

DIALECT = sqlite.dialect()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["$instant", "$$instant", "$x", "a"]), inner),
    max_leaves=12,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'deep' / 'store.db'}"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_survives_and_is_storable(value: str) -> None:
    stored = Name().process_bind_param(value, DIALECT)

    assert stored is not None
    assert "\x00" not in stored
    stored.encode()
    assert Name().process_result_value(stored, DIALECT) == value


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_exactly(value: datetime) -> None:
    column = Instant()

    assert column.process_result_value(column.process_bind_param(value, DIALECT), DIALECT) == value


def test_an_instant_of_another_zone_is_the_same_instant_in_utc() -> None:
    east = datetime(2025, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))

    assert Instant().process_bind_param(east, DIALECT) == 1735689600_000000


@given(JSON)
def test_a_body_with_instants_and_their_look_alikes_survives(value: object) -> None:
    assert codec.unpack(codec.pack(value)) == value


def test_changed_paths_are_those_that_came_went_or_hold_another_blob() -> None:
    before = codec.unpack_paths(codec.pack_paths({"same": "1" * 40, "other": "2" * 40, "gone": "3" * 40}))

    assert codec.changed_paths(before, {"same": "1" * 40, "other": "9" * 40, "new": ""}) == {"other", "gone", "new"}


def test_an_sqlite_database_is_opened_with_write_ahead_log_and_foreign_keys(url: str) -> None:
    database = Database(url)
    with database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://h/d", "only sqlite and postgresql"),
        ("nonsense", "is not a database URL"),
    ],
)
def test_a_url_that_can_not_work_is_refused_in_a_sentence(wrong: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        Database(wrong)


def test_readers_that_turn_writers_wait_for_each_other(url: str) -> None:
    """Twenty increments by four threads over two engines: none is lost, none is refused as busy."""
    migrate.upgrade(url)
    databases = [Database(url), Database(url)]

    def count(database: Database) -> None:
        for _ in range(5):
            with database.write() as connection:
                next_numbers(connection, "test")

    threads = [threading.Thread(target=count, args=(databases[number % 2],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with databases[0].read() as connection:
        assert connection.execute(select(counters.c.value).where(counters.c.name == "test")).scalar() == 20
    for database in databases:
        database.close()


def test_a_write_that_raises_is_rolled_back(url: str) -> None:
    migrate.upgrade(url)
    database = Database(url)

    def fail() -> None:
        with database.write() as connection:
            next_numbers(connection, "test")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with database.read() as connection:
        assert number(connection, "test") == 0
    database.close()
