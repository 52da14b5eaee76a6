"""Fixtures of the fault suite, and the table at its end.

It takes minutes, so it runs only when asked for: `make faults`, or `ROADWORTHY_FAULTS=short`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_town import Town
from fault_verdict import HEAD
from git_server import GitServer

collect_ignore = [] if os.environ.get("ROADWORTHY_FAULTS") else ["test_faults.py"]


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    folder = tmp_path / "town"
    folder.mkdir()
    with GitServer(folder) as server:
        yield server


@pytest.fixture
def town(tmp_path: Path, git_server: GitServer, size: int) -> Town:
    made = Town(tmp_path / "town", git_server, size)
    made.build()
    return made


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
