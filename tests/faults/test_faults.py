"""What breaks while pushes come, and what must be true afterwards: every head scored, nothing told twice or never.

`make faults` runs it whole (1,000 pushes over 200 repositories each); by default it is short. Real processes, a real
git server, and in production mode a real PostgreSQL and Redis; nothing is patched.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_cluster import Cluster
from fault_drive import Drive
from fault_town import Town
from processes import soon

FULL = os.environ.get("ROADWORTHY_FAULTS", "short") == "full"


@dataclass(frozen=True)
class Scale:
    size: int
    pushes: int
    seconds: float
    away: float


SCALE = Scale(200, 1000, 120, 60) if FULL else Scale(10, 40, 12, 6)
pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture
def size() -> int:
    return SCALE.size


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@pytest.fixture
def production(town: Town, tmp_path: Path) -> Iterator[Cluster]:
    yield from _started(Cluster(town, tmp_path / "service", workers=2))


@pytest.fixture
def embedded(town: Town, tmp_path: Path) -> Iterator[Cluster]:
    yield from _started(Cluster(town, tmp_path / "service"))


def _started(cluster: Cluster) -> Iterator[Cluster]:
    try:
        cluster.start()
        cluster.settle(600 if FULL else 120)
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def drive(tmp_path: Path, record_property: Callable[[str, object], None], request: pytest.FixtureRequest):
    """Runs one scenario and judges it."""

    def run(cluster: Cluster, name: str, fault: Callable[[Drive], None]) -> Drive:
        driven = Drive(cluster, tmp_path, pushes=SCALE.pushes, seconds=SCALE.seconds)
        row = driven.run(name, fault)
        record_property("fault", json.dumps(row.cells()))
        assert driven.problems == [], "\n".join([*driven.problems, cluster.log()])
        assert (row.scored, row.lost, row.twice, row.torn) == (row.pushes, 0, 0, 0)
        return driven

    return run


def nothing(_drive: Drive) -> None:
    """No fault: what the others are compared with."""


def again_and_again(act: Callable[[Drive], None], times: int) -> Callable[[Drive], None]:
    """Acts at random moments while the pushes go on."""

    def fault(drive: Drive) -> None:
        for _ in range(times):
            pause(SCALE.seconds / times * drive.cluster.dice.uniform(0.3, 1.0))
            act(drive)

    return fault


KILLS = 12 if FULL else 3


def test_no_fault_in_production(production: Cluster, drive) -> None:
    drive(production, "none, production", nothing)


def test_no_fault_embedded(embedded: Cluster, drive) -> None:
    drive(embedded, "none, embedded", nothing)


def test_a_worker_is_killed_again_and_again(production: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        name = drive.cluster.dice.choice(["worker-0", "worker-1"])
        drive.cluster.kill(name)
        drive.cluster.start_processes(name)

    drive(production, "kill -9 of a worker", again_and_again(kill, KILLS))


def test_web_is_killed_again_and_again(production: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        drive.cluster.kill("web")
        drive.cluster.start_processes("web")

    drive(production, "kill -9 of web", again_and_again(kill, KILLS))


def test_all_are_killed_again_and_again(production: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        drive.cluster.kill(*drive.cluster.names())
        drive.cluster.start_processes()

    drive(production, "kill -9 of all", again_and_again(kill, KILLS))


def test_embedded_the_child_and_the_server_are_killed(embedded: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        if drive.cluster.dice.random() < 0.5:
            drive.cluster.kill_child()
        else:
            drive.cluster.kill("web")
            drive.cluster.start_processes()

    drive(embedded, "kill -9, embedded", again_and_again(kill, KILLS))


def test_redis_is_restarted_flushed_and_away(production: Cluster, drive) -> None:
    def fault(drive: Drive) -> None:
        pause(SCALE.seconds / 8)
        drive.cluster.stop_redis()
        drive.cluster.start_redis()
        pause(SCALE.seconds / 8)
        drive.cluster.stop_redis()
        pause(SCALE.away)
        drive.cluster.start_redis()

    drive(production, "Redis restarted, away", fault)


def test_postgresql_is_restarted_and_away(production: Cluster, drive) -> None:
    def fault(drive: Drive) -> None:
        pause(SCALE.seconds / 8)
        drive.cluster.stop_postgres()
        drive.cluster.start_postgres()
        pause(SCALE.seconds / 8)
        drive.cluster.stop_postgres()
        pause(SCALE.away)
        drive.cluster.start_postgres()

    drive(production, "PostgreSQL restarted, away", fault)


@pytest.mark.parametrize("fault", ["hang", "reset", "500", "corrupt", "no-filter"])
def test_the_git_host_breaks_and_mends(embedded: Cluster, drive, fault: str) -> None:
    def break_it(drive: Drive) -> None:
        pause(SCALE.seconds / 4)
        drive.town.server.fault = fault
        pause(SCALE.away)
        drive.town.server.fault = ""

    drive(embedded, f"git host: {fault}", break_it)


def test_everything_is_stopped_by_sigterm_again_and_again(production: Cluster, drive) -> None:
    def stop(drive: Drive) -> None:
        name = drive.cluster.dice.choice(drive.cluster.names())
        assert drive.cluster.terminate(name) == 0  # within fifteen seconds, whatever it was doing
        drive.cluster.start_processes(name)

    drive(production, "SIGTERM under load", again_and_again(stop, KILLS))


def test_web_says_when_it_is_ready_again(production: Cluster) -> None:
    """A killed server leaves nothing behind that keeps its heir from its port."""
    production.kill("web")
    production.start_processes("web")
    soon(lambda: production.processes["web"].url(), 60, "the heir")
