"""What breaks on one machine while pushes come: one `serve` with its child over SQLite, and a real git server."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fault_clock import Clock
from fault_cluster import Cluster
from fault_disk import SmallDisk
from fault_drive import Drive
from fault_moments import again_and_again, nothing
from fault_scale import SCALE, pause
from fault_services import Services


def test_no_fault_embedded(embedded: Cluster, drive) -> None:
    driven = drive(embedded, "none, embedded", nothing)

    assert driven.repeated == 0


@pytest.mark.always
def test_embedded_the_child_and_the_server_are_killed(embedded: Cluster, drive) -> None:
    def kill(drive: Drive) -> None:
        if drive.cluster.dice.random() < 0.5:
            drive.cluster.kill_child()
        else:
            drive.cluster.kill("web")
            drive.cluster.start_processes()

    drive(embedded, "kill -9, embedded", again_and_again(kill))


@pytest.mark.parametrize(
    "fault", ["hang", pytest.param("reset", marks=pytest.mark.always), "500", "corrupt", "no-filter"]
)
def test_the_git_host_breaks_and_mends(embedded: Cluster, drive, fault: str) -> None:
    def break_it(drive: Drive) -> None:
        pause(SCALE.seconds / 4)
        drive.town.server.fault = fault
        pause(SCALE.away)
        drive.town.server.fault = ""

    drive(embedded, f"git host: {fault}", break_it)


def test_two_schedulers_over_one_file(embedded: Cluster, drive) -> None:
    """The child of `serve`, a worker beside it, and a crawl of everything."""

    def crowd(drive: Drive) -> None:
        second, crawl = drive.cluster.run("worker"), drive.cluster.run("crawl")
        assert crawl.popen.wait(300) == 0, crawl.text()
        crawl.end()
        assert second.stop() == 0, second.text()

    drive(embedded, "two schedulers, embedded", crowd)


def full_for_a_while(disk: SmallDisk):
    def fault(drive: Drive) -> None:
        pause(SCALE.seconds / 4)
        disk.fill()
        pause(SCALE.away)
        disk.free()

    return fault


@pytest.mark.always
def test_the_disk_of_the_database_is_full(disk: SmallDisk, services: Services, town, tmp_path, drive) -> None:
    def make(town, folder) -> Cluster:
        (folder / ".roadworthy").parent.mkdir(parents=True, exist_ok=True)
        (folder / ".roadworthy").symlink_to(disk.folder)
        return Cluster(town, folder, mirrors=str(tmp_path / "mirrors"))

    cluster = services.get("database on a small disk", make)
    drive(cluster, "disk full: SQLite", full_for_a_while(disk))


def test_the_disk_of_the_mirrors_is_full(disk: SmallDisk, services: Services, drive) -> None:
    cluster = services.get(
        "mirrors on a small disk", lambda town, folder: Cluster(town, folder, mirrors=str(disk.folder))
    )
    drive(cluster, "disk full: mirrors", full_for_a_while(disk))


@pytest.mark.always
def test_the_clock_steps_back_by_two_hours(clock: Clock, services: Services, drive) -> None:
    """All was written by a clock that was ahead; it is set right while pushes come, and nothing waits two hours."""

    def make(town, folder) -> Cluster:
        made = Cluster(town, folder, environ=clock.environ)
        made.ahead = timedelta(hours=2)
        clock.set(made.ahead)
        return made

    def step_back(drive: Drive) -> None:
        pause(SCALE.seconds / 2)
        clock.set(timedelta())
        drive.cluster.ahead = timedelta()

    drive(services.get("with a clock", make), "the clock steps back", step_back)
