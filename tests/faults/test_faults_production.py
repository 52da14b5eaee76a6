"""What breaks in production while pushes come, and what must be true afterwards: every head scored, nothing told twice
or never. Real web processes and workers, a real PostgreSQL, Redis and git server; nothing is patched.
"""

from __future__ import annotations

import signal

import pytest
from fault_cluster import Cluster
from fault_drive import Drive
from fault_flood import Flood
from fault_moments import again_and_again, nothing, restarted_and_away
from fault_reads import Reader
from fault_release import REVISION, NextRelease
from fault_scale import SCALE, pause

from app.store import migrate


def test_no_fault_in_production(production: Cluster, drive) -> None:
    driven = drive(production, "none, production", nothing)

    assert driven.repeated == 0


def test_who_is_told_refuses_and_then_hangs(production: Cluster, drive) -> None:
    def fault(drive: Drive) -> None:
        for fault in ("500", "hang", ""):
            pause(SCALE.away / 2)
            drive.cluster.listener.fault = fault

    driven = drive(production, "a receiver refuses, hangs", fault)

    assert driven.repeated == 0


def test_a_worker_is_killed_again_and_again(production: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        name = drive.cluster.dice.choice(["worker-0", "worker-1"])
        drive.cluster.kill(name)
        drive.cluster.start_processes(name)

    drive(production, "kill -9 of a worker", again_and_again(kill))


def test_web_is_killed_again_and_again(production: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        drive.cluster.kill("web")
        drive.cluster.start_processes("web")

    drive(production, "kill -9 of web", again_and_again(kill))


@pytest.mark.always
def test_all_are_killed_again_and_again(production: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        drive.cluster.kill(*drive.cluster.names())
        drive.cluster.start_processes()

    drive(production, "kill -9 of all", again_and_again(kill))


@pytest.mark.always
def test_everything_is_stopped_by_sigterm_again_and_again(production: Cluster, drive) -> None:
    def stop(drive: Drive) -> None:
        name = drive.cluster.dice.choice(drive.cluster.names())
        assert drive.cluster.terminate(name) == 0  # within fifteen seconds, whatever it was doing
        drive.cluster.start_processes(name)

    drive(production, "SIGTERM under load", again_and_again(stop))


@pytest.mark.always
def test_redis_is_flushed_restarted_and_away_and_reads_stay_right_and_fresh(production: Cluster, drive) -> None:
    reader = Reader(production)

    def fault(drive: Drive) -> None:
        reader.start()
        drive.cluster.flush_redis()
        restarted_and_away(lambda one: one.cluster.stop_redis(), lambda one: one.cluster.start_redis())(drive)
        drive.cluster.flush_redis()
        reader.stop()
        drive.notes.append(str(reader))

    drive(production, "Redis flushed, restarted, away", fault)

    assert reader.problems == []
    assert reader.reads > 0


@pytest.mark.always
def test_postgresql_is_restarted_and_away(production: Cluster, drive) -> None:
    fault = restarted_and_away(lambda one: one.cluster.stop_postgres(), lambda one: one.cluster.start_postgres())
    drive(production, "PostgreSQL restarted, away", fault)


def test_postgresql_crashes_again_and_again(production: Cluster, drive) -> None:
    """Its clients are cut off in the middle of whatever they did, and it recovers from its log."""

    def crash(drive: Drive) -> None:
        drive.cluster.stop_postgres()
        drive.cluster.start_postgres(stop=signal.SIGQUIT)

    drive(production, "PostgreSQL crashes", again_and_again(crash))


def test_more_schedulers_than_are_meant_change_nothing(production: Cluster, drive) -> None:
    """Two workers list, judge and count already; a third comes, and two crawls of everything beside."""

    def crowd(drive: Drive) -> None:
        third = drive.cluster.run("worker")
        for crawl in [drive.cluster.run("crawl") for _ in range(2)]:
            assert crawl.popen.wait(300) == 0, crawl.text()
            crawl.end()
        assert third.stop() == 0, third.text()

    drive(production, "five schedulers", crowd)


@pytest.mark.always
def test_a_flood_of_webhooks_half_of_them_forged(production: Cluster, drive) -> None:
    flood = Flood(production.town, production.port, SCALE.flood)

    def fault(drive: Drive) -> None:
        flood.run()
        drive.notes.append(str(flood))

    drive(production, "flood of webhooks", fault)

    store = production.store()
    assert flood.problems(store) == []
    store.close()
    assert flood.believed


def test_a_migration_under_load_and_both_releases_side_by_side(production: Cluster, drive, tmp_path) -> None:
    release = NextRelease(tmp_path / "next")

    def upgrade(drive: Drive) -> None:
        pause(SCALE.seconds / 4)
        release.upgrade(drive.cluster.config, drive.cluster.environ)
        for name in drive.cluster.names():
            pause(SCALE.seconds / 8)
            drive.cluster.environ |= release.environ if name != "worker-0" else {}  # one stays as it was
            drive.cluster.terminate(name)
            drive.cluster.start_processes(name)

    drive(production, "a migration under load", upgrade)

    assert migrate.current(production.database) == REVISION
    production.is_sound = False  # the others test this release
