"""The worker over a real store: bounded, fair to hosts, keeps errors where people see them, stops in time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app.errors import RepositoryError
from app.jobs.beside import Beside
from app.jobs.worker import Worker, WorkerSettings, utc_now
from app.store import migrate
from app.store.hinted import DEADLY
from app.store.model import RepositoryClaim, RepositorySource
from app.store.store import Store

QUICK = WorkerSettings(threads=4, per_host=2, poll_seconds=0.01, stop_seconds=5)


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'store.db'}"
        migrate.upgrade(url)
    store = Store.open(url)
    yield store
    store.close()


def add(store: Store, *urls: str) -> None:
    store.repositories.sync("git", [RepositorySource(url) for url in urls], utc_now())


def finish(store: Store, claim: RepositoryClaim) -> None:
    now = utc_now()
    store.claims.finish(claim, now=now, next_due=now + timedelta(hours=1))


def test_every_due_repository_is_run_once_and_then_the_worker_stops(store: Store) -> None:
    urls = [f"https://h{number}/r" for number in range(9)]
    add(store, *urls)
    done: list[str] = []

    def run_one(claim: RepositoryClaim) -> None:
        finish(store, claim)
        done.append(claim.url)
        if len(done) == len(urls):
            worker.stop()

    worker = Worker(store.claims, run_one, settings=QUICK)

    assert worker.run()
    assert sorted(done) == urls


def test_a_slow_host_never_starves_the_others(store: Store) -> None:
    add(store, *(f"https://a-slow/{number}" for number in range(6)), "https://quick/a", "https://quick/b")
    quick_done = threading.Event()
    running, most, done = 0, 0, []
    lock = threading.Lock()

    def run_one(claim: RepositoryClaim) -> None:
        nonlocal running, most
        if claim.host == "a-slow":
            with lock:
                running += 1
                most = max(most, running)
            assert quick_done.wait(10)  # hangs until the quick host is served
            with lock:
                running -= 1
        finish(store, claim)
        with lock:
            done.append(claim.url)
            if len([url for url in done if "quick" in url]) == 2:
                quick_done.set()
            if len(done) == 8:
                worker.stop()

    worker = Worker(store.claims, run_one, settings=QUICK)

    assert worker.run()
    assert len(done) == 8
    assert most == 2


@pytest.mark.parametrize(
    ("error", "text", "reason", "parked"),
    [
        (RepositoryError("the host hangs"), "the host hangs", "source_failing", ""),
        (RepositoryError("403", reason="forbidden", permanent=True), "403", "forbidden", "parked after 1 try"),
        (KeyError("secret-token"), "an unexpected KeyError; the log tells more", "source_failing", ""),
    ],
)
def test_an_error_is_kept_in_the_repositorys_row(
    store: Store, error: Exception, text: str, reason: str, parked: str
) -> None:
    add(store, "https://h/r")

    def run_one(claim: RepositoryClaim) -> None:
        worker.stop()
        raise error

    worker = Worker(store.claims, run_one, settings=QUICK)

    assert worker.run()
    view = store.repositories.get("https://h/r", utc_now())
    assert view is not None
    assert (view.last_error, view.last_error_reason, view.failures) == (text, reason, 1)
    assert view.parked_reason.startswith(parked)
    assert not view.running


def test_the_databases_own_trouble_is_no_failure_of_the_repository(store: Store) -> None:
    add(store, "https://h/r")

    def run_one(claim: RepositoryClaim) -> None:
        worker.stop()
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    worker = Worker(store.claims, run_one, settings=QUICK)

    assert worker.run()
    view = store.repositories.get("https://h/r", utc_now())
    assert view is not None
    assert (view.failures, view.last_error, view.running) == (0, "", False)
    assert utc_now() < view.due_at < utc_now() + timedelta(seconds=6)


def test_a_repository_that_ends_workers_is_left_alone_and_the_others_go_on(store: Store) -> None:
    add(store, "https://h/deadly")
    past = utc_now() - timedelta(hours=1)
    store.claims.hint("https://h/deadly", past)
    for death in range(DEADLY):
        assert store.claims.claim_due(past + timedelta(minutes=death), f"dead {death}", timedelta(seconds=1))
    add(store, "https://h/deadly", "https://h/well")
    ran: list[str] = []

    def run_one(claim: RepositoryClaim) -> None:
        ran.append(claim.url)
        finish(store, claim)
        worker.stop()

    worker = Worker(store.claims, run_one, settings=QUICK)

    assert worker.run()
    assert ran == ["https://h/well"]
    view = store.repositories.get("https://h/deadly", utc_now())
    assert view is not None
    assert view.last_error == f"the last {DEADLY} workers that read it ended while they did"
    assert view.due_at > utc_now()
    store.claims.hint("https://h/deadly", utc_now())  # not even a push pulls it forward
    assert store.claims.claim_due(utc_now(), "worker", timedelta(seconds=1)) == []


def test_what_a_person_waits_for_finds_a_place_when_all_are_taken(store: Store) -> None:
    add(store, *(f"https://h{number}/slow" for number in range(4)))
    person_served = threading.Event()
    done: list[str] = []

    def run_one(claim: RepositoryClaim) -> None:
        if claim.interactive:
            finish(store, claim)
            person_served.set()
        else:
            if len(done) == 0 and worker.running() == 4:
                add(store, "https://other/r", *(f"https://h{number}/slow" for number in range(4)))
                store.claims.hint("https://other/r", utc_now(), interactive=True)
            assert person_served.wait(20)
            finish(store, claim)
        done.append(claim.url)
        if len(done) == 5:
            worker.stop()

    worker = Worker(store.claims, run_one, settings=QUICK)

    assert worker.run()
    assert done[0] == "https://other/r"


def test_a_refresh_that_ended_wakes_the_judge_at_once(store: Store) -> None:
    add(store, "https://h/r")
    rounds: list[int] = []

    def judge() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 2:
            worker.stop()

    beside = [Beside("judge", judge, every=3600, prompt=True)]
    worker = Worker(store.claims, lambda claim: finish(store, claim), settings=QUICK, beside=beside)

    assert worker.run()
    assert len(rounds) == 2


def test_a_job_beside_goes_on_after_it_failed(store: Store) -> None:
    rounds: list[int] = []

    def judge() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 3:
            worker.stop()
        raise ValueError

    worker = Worker(store.claims, lambda claim: None, settings=QUICK, beside=[Beside("judge", judge, every=0.01)])

    assert worker.run()
    assert rounds == [0, 1, 2]


def test_a_long_run_keeps_its_lease(store: Store) -> None:
    add(store, "https://h/r")
    renewed = threading.Event()
    renew = store.claims.renew

    def noting(claim: RepositoryClaim, until: object) -> bool:
        kept = renew(claim, until)  # type: ignore[arg-type]
        renewed.set()
        return kept

    store.claims.renew = noting  # type: ignore[method-assign]
    finished: list[bool] = []

    def run_one(claim: RepositoryClaim) -> None:
        assert renewed.wait(10)
        now = utc_now()
        finished.append(store.claims.finish(claim, now=now, next_due=now + timedelta(hours=1)))
        worker.stop()

    settings = WorkerSettings(threads=1, lease=timedelta(seconds=0.3), poll_seconds=0.01)
    worker = Worker(store.claims, run_one, settings=settings)

    assert worker.run()
    assert finished == [True]


def test_what_hangs_at_the_end_is_handed_back(store: Store) -> None:
    add(store, "https://h/r")
    let_go = threading.Event()

    def run_one(claim: RepositoryClaim) -> None:
        worker.stop()
        let_go.wait(10)

    worker = Worker(store.claims, run_one, settings=WorkerSettings(threads=1, poll_seconds=0.01, stop_seconds=0.1))

    ended = worker.run()

    assert not ended
    assert [claim.url for claim in store.claims.claim_due(utc_now(), "heir", timedelta(minutes=1))] == ["https://h/r"]
    let_go.set()


PROCESS = """
import sys
from app.jobs.worker import Worker, WorkerSettings
from app.store.store import Store
store = Store.open(sys.argv[1])
worker = Worker(store.claims, lambda claim: None, settings=WorkerSettings(poll_seconds=0.05))
worker.stop_on_signals()
print("ready", flush=True)
print("ended" if worker.run() else "hangs", flush=True)
"""


def test_sigterm_stops_a_worker_process(store: Store) -> None:
    command = [sys.executable, "-c", PROCESS, store.database.engine.url.render_as_string(False)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    process.send_signal(signal.SIGTERM)

    assert process.communicate(timeout=20)[0] == "ended\n"
    assert process.returncode == 0
