"""What someone may call a commit: a branch, a tag, a commit id; and what is no such name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from git_author import commit, git, repository

from app.errors import RepositoryError
from app.repos.mirror import Mirror

NOW = datetime(2026, 7, 1, tzinfo=UTC)
Make = Callable[..., Mirror]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three commits on main, the first under an annotated tag, the second under a light one."""
    folder = repository(tmp_path / "src")
    commit(folder, {"a.md": "1"})
    git(folder, "tag", "-a", "v1.0", "-m", "first")
    commit(folder, {"a.md": "2"})
    git(folder, "tag", "release/2")
    commit(folder, {"a.md": "3"})
    return folder


def content(mirror: Mirror, revision: str) -> bytes:
    snapshot = mirror.sync(mirror.at(revision), NOW)
    return snapshot.read(snapshot.entries())["a.md"]


@pytest.mark.parametrize(
    ("revision", "found"), [("main", b"3"), ("v1.0", b"1"), ("release/2", b"2"), ("HEAD~1", b"2"), ("HEAD~2", b"1")]
)
def test_a_branch_a_tag_and_a_commit_id_are_read(source: Path, mirror_of: Make, revision: str, found: bytes) -> None:
    if revision.startswith("HEAD"):
        revision = git(source, "rev-parse", revision).strip()
    assert content(mirror_of(source), revision) == found


def test_a_tag_gives_the_commit_it_stands_for_and_not_itself(source: Path, mirror_of: Make) -> None:
    mirror = mirror_of(source)
    snapshot = mirror.sync(mirror.at("v1.0"), NOW)
    assert snapshot.commit == git(source, "rev-parse", "HEAD~2").strip()
    assert snapshot.branch == ""


def test_the_beginning_of_a_tip_is_enough(source: Path, mirror_of: Make) -> None:
    tip = git(source, "rev-parse", "main").strip()
    assert mirror_of(source).at(tip[:7]).branch == "main"
    with pytest.raises(RepositoryError, match="give the whole commit id"):
        mirror_of(source).at(git(source, "rev-parse", "HEAD~1").strip()[:6] + "0")


def test_a_branch_goes_before_a_tag_of_its_name(source: Path, mirror_of: Make) -> None:
    git(source, "branch", "v1.0", "main")
    assert mirror_of(source).at("v1.0").branch == "v1.0"


@pytest.mark.parametrize(
    "revision", ["--upload-pack=touch x", "-x", "refs/heads/*", "a b", "a..b", "../a", "", "a" * 300]
)
def test_what_can_be_no_name_is_not_asked_of_the_server(source: Path, mirror_of: Make, revision: str) -> None:
    with pytest.raises(RepositoryError, match="is no name of a branch or tag"):
        mirror_of(source).at(revision)


def test_a_commit_that_is_not_there_is_said_to_be_missing(source: Path, mirror_of: Make) -> None:
    mirror = mirror_of(source)
    with pytest.raises(RepositoryError):
        mirror.sync(mirror.at("0" * 39 + "1"), NOW)
