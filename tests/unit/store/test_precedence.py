"""Whoever somebody waits for writes first, and nobody who dies, or sends for ever, keeps others from writing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from app.store.engine import Database
from app.store.precedence import Precedence

CLAIMS = "import sys; from pathlib import Path; from app.store.precedence import Precedence\n"
CLAIMS += "with Precedence(Path(sys.argv[1])).claimed(): print('claimed', flush=True); sys.stdin.read()"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "roadworthy.db-turn"


@pytest.fixture
def two(place: Path) -> Iterator[tuple[Precedence, Precedence]]:
    """Of two processes, as far as the system can tell."""
    one, other = Precedence(place), Precedence(place)
    yield one, other
    one.close()
    other.close()


def test_others_give_way_while_somebody_claims_but_not_for_ever(two: tuple[Precedence, Precedence]) -> None:
    web, worker = two
    assert worker.give()
    with web.claimed():
        with web.claimed():
            assert not worker.give()
        assert not worker.give()  # the first of two that wait is still there
    assert worker.give()


def test_two_processes_claim_at_once(two: tuple[Precedence, Precedence]) -> None:
    web, another = two
    with web.claimed():
        with another.claimed():
            pass
        assert not another.give()


def test_a_process_that_is_killed_claims_no_more(place: Path) -> None:
    worker = Precedence(place)
    with subprocess.Popen(
        [sys.executable, "-c", CLAIMS, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as web:
        assert web.stdout is not None
        assert web.stdout.readline() == b"claimed\n"
        assert not worker.give()
        web.kill()
        web.wait()
        assert worker.give()
    worker.close()


def test_where_no_file_can_be_made_nobody_gives_way_and_all_goes_on(tmp_path: Path) -> None:
    nowhere = Precedence(tmp_path / "absent" / "turn")
    with nowhere.claimed():
        assert nowhere.give()
    nowhere.close()


def test_who_gives_way_holds_nobody_up_in_the_same_process(tmp_path: Path) -> None:
    """A thread that gives way to another must not hold the turn that the other needs."""
    web, elsewhere = Database(f"sqlite:///{tmp_path / 'a.db'}"), Precedence(tmp_path / "a.db-turn")
    with web.write() as connection:
        connection.execute(text("CREATE TABLE written (who TEXT)"))

    def write(*, awaited: bool) -> float:
        with web.write(awaited=awaited) as connection:
            connection.execute(text("INSERT INTO written VALUES ('one')"))
        return time.monotonic()

    with elsewhere.claimed(), ThreadPoolExecutor(2) as threads:
        gives_way = threads.submit(write, awaited=False)
        assert threads.submit(write, awaited=True).result() < gives_way.result()
    elsewhere.close()
    web.close()


def test_a_write_that_nobody_waits_for_gives_way_and_is_then_made_all_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    worker, web = Database(url), Precedence(tmp_path / "a.db-turn")
    began = time.monotonic()
    with web.claimed(), worker.write() as connection:
        gave = time.monotonic() - began
        connection.execute(text("CREATE TABLE written (who TEXT)"))
    assert gave >= 0.1

    with web.claimed(), worker.write(awaited=True) as connection:
        connection.execute(text("INSERT INTO written VALUES ('awaited')"))
    with worker.read() as connection:
        assert connection.execute(text("SELECT who FROM written")).scalars().all() == ["awaited"]
    web.close()
    worker.close()
