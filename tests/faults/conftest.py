"""Fixtures of the fault suite, and the table at its end.

It takes minutes and the whole machine, so it runs only when asked for: `make faults`, or `ROADWORTHY_FAULTS=short`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import real_parts
from fault_clock import Clock
from fault_cluster import Cluster
from fault_disk import SmallDisk
from fault_drive import Drive
from fault_scale import SCALE, WHICH
from fault_services import Services
from fault_town import Town
from fault_verdict import HEAD
from git_server import GitServer

collect_ignore_glob = [] if WHICH else ["test_*.py"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "always: a scenario that every change must survive (ROADWORTHY_FAULTS=ci)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if WHICH == "ci" and item.get_closest_marker("always") is None]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with GitServer(folder) as server:
        made = Town(folder, server, SCALE.size)
        made.build()
        yield made


@pytest.fixture(scope="module")
def services(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    made = Services(town, tmp_path_factory.mktemp("services"))
    yield made
    made.drop()


@pytest.fixture
def production(services: Services) -> Cluster:
    """Web processes, two workers, PostgreSQL and Redis."""
    return services.get("production", lambda town, folder: Cluster(town, folder, workers=2))


@pytest.fixture
def embedded(services: Services) -> Cluster:
    """One `serve` over SQLite."""
    return services.get("embedded", Cluster)


@pytest.fixture
def disk(tmp_path: Path, services: Services) -> Iterator[SmallDisk]:
    """Ends with the service that was started on it."""
    made = SmallDisk(real_parts.require("a small disk"), tmp_path / "disk", 48)
    yield made
    services.drop()
    made.close()


@pytest.fixture
def clock(tmp_path: Path, services: Services) -> Iterator[Clock]:
    """Ends with the service that saw it."""
    yield Clock(real_parts.require("libfaketime"), tmp_path)
    services.drop()


@pytest.fixture
def drive(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> Callable[[Cluster, str, Callable[[Drive], None]], Drive]:
    """Runs one scenario and judges it: every push scored, nothing lost, told twice or never, or half-written."""

    def run(cluster: Cluster, name: str, fault: Callable[[Drive], None]) -> Drive:
        driven = Drive(cluster, tmp_path, pushes=SCALE.pushes, seconds=SCALE.seconds)
        cluster.is_sound = False
        row = driven.run(name, fault)
        record_property("fault", json.dumps(row.cells()))
        assert driven.problems == [], "\n".join([*driven.problems, cluster.log()])
        assert (row.scored, row.lost, row.twice, row.torn) == (row.pushes, 0, 0, 0)
        cluster.is_sound = True
        return driven

    return run


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The scenarios, their pushes, and zeros where zeros belong."""
    rows = [
        json.loads(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "fault" and report.when == "call"
    ]
    if not rows:
        return
    widths = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(len(HEAD))]
    terminalreporter.section("faults")
    for row in [HEAD, *rows]:
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
