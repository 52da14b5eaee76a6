"""A git runner and a way to mirror a local repository, for every test of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.repos.git import Git
from app.repos.mirror import Mirror
from app.repos.snapshot import CommitSnapshot
from app.repos.tree import Limits
from app.repos.urls import TransportRules

NOW = datetime(2026, 7, 1, tzinfo=UTC)
Take = Callable[..., CommitSnapshot]


@pytest.fixture
def git_runner() -> Iterator[Git]:
    runner = Git(timeout=60)
    yield runner
    runner.close()


@pytest.fixture
def mirror_of(tmp_path: Path, git_runner: Git) -> Callable[..., Mirror]:
    def make(source: Path | str, limits: Limits | None = None) -> Mirror:
        rules = TransportRules(allow_file=True, allow_http=True)
        return Mirror(tmp_path / "mirrors", str(source), git=git_runner, rules=rules, limits=limits)

    return make


@pytest.fixture
def take(mirror_of: Callable[..., Mirror]) -> Take:
    """Mirrors a repository at its tip and gives the snapshot."""

    def make(source: Path | str, limits: Limits | None = None) -> CommitSnapshot:
        mirror = mirror_of(source, limits)
        return mirror.sync(mirror.tip(), NOW)

    return make
