"""When a path last really changed: merges, reverts, renames, boundaries and dates no calendar holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from git_author import commit, git, repository

from app.repos.git import Git
from app.repos.model import LastChange
from app.repos.snapshot import CommitSnapshot
from app.repos.worktree import WorkingTree

Take = Callable[..., CommitSnapshot]


def _day(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def test_a_path_has_the_date_of_its_own_last_commit(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    first = commit(source, {"a.md": "1", "b.md": "1"}, at="2026-01-01T12:00:00Z")
    second = commit(source, {"b.md": "2"}, at="2026-03-01T12:00:00Z")
    assert take(source).last_changes(["a.md", "b.md", "gone.md"]) == {
        "a.md": LastChange(_day(1), True, first),
        "b.md": LastChange(_day(3), True, second),
    }


def test_many_paths_get_the_same_dates_as_few(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {f"{number}.md": "1" for number in range(80)}, at="2026-01-01T12:00:00Z")
    commit(source, {"7.md": "2"}, at="2026-02-01T12:00:00Z")
    snapshot = take(source)
    paths = [f"{number}.md" for number in range(80)]
    assert snapshot.last_changes(paths) == {path: snapshot.last_changes([path])[path] for path in paths}
    assert snapshot.last_changes(paths)["7.md"].at == _day(2)


def test_a_change_made_inside_a_merge_counts(tmp_path: Path, take: Take) -> None:
    source = _forked(tmp_path)
    git(source, "merge", "-q", "--no-commit", "side")
    merge = commit(source, {"a.md": "by the merge"}, at="2026-05-01T12:00:00Z")
    assert take(source).last_changes(["a.md"]) == {"a.md": LastChange(_day(5), True, merge)}


def test_a_change_that_a_merge_threw_away_does_not_count(tmp_path: Path, take: Take) -> None:
    source = _forked(tmp_path)
    git(source, "merge", "-q", "-s", "ours", "-m", "ours", "side", at="2026-05-01T12:00:00Z")
    assert take(source).last_changes(["a.md", "b.md"]) == {
        "a.md": LastChange(_day(1), True, git(source, "rev-parse", "main~2")),
        "b.md": LastChange(_day(3), True, git(source, "rev-parse", "main~1")),
    }


def _forked(tmp_path: Path) -> Path:
    """January: a.md. February, on `side`: a.md changed. March, on `main`: b.md added."""
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "first"}, at="2026-01-01T12:00:00Z")
    git(source, "checkout", "-q", "-b", "side")
    commit(source, {"a.md": "side"}, at="2026-02-01T12:00:00Z")
    git(source, "checkout", "-q", "main")
    commit(source, {"b.md": "main"}, at="2026-03-01T12:00:00Z")
    return source


def test_a_pure_rename_and_a_changed_mode_are_no_changes(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    first = commit(source, {"old.md": "text", "tool.sh": "run"}, at="2026-01-01T12:00:00Z")
    (source / "tool.sh").chmod(0o755)
    git(source, "mv", "old.md", "new.md")
    commit(source, {}, at="2026-04-01T12:00:00Z")
    dated = LastChange(_day(1), True, first)
    assert take(source).last_changes(["new.md", "tool.sh"]) == {"new.md": dated, "tool.sh": dated}


def test_commits_listed_to_be_ignored_are_passed_over(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    first = commit(source, {"a.md": "text"}, at="2026-01-01T12:00:00Z")
    formatting = commit(source, {"a.md": "text\n"}, at="2026-03-01T12:00:00Z")
    commit(source, {".git-blame-ignore-revs": f"# formatting\n{formatting}\n"}, at="2026-04-01T12:00:00Z")
    assert take(source).last_changes(["a.md"]) == {"a.md": LastChange(_day(1), True, first)}


def test_an_ignore_file_that_is_a_folder_costs_nothing(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "1", ".git-blame-ignore-revs/x": "1"}, at="2026-01-01T12:00:00Z")
    assert take(source).last_changes(["a.md"]) == {"a.md": LastChange(_day(1), True, made)}


def test_a_shallow_boundary_means_older_than(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"old.md": "1"}, at="2020-01-01T12:00:00Z")
    boundary = commit(source, {"mid.md": "1"}, at="2026-02-01T12:00:00Z")
    newest = commit(source, {"new.md": "1"}, at="2026-05-01T12:00:00Z")
    assert take(source).last_changes(["old.md", "mid.md", "new.md"]) == {
        "old.md": LastChange(_day(2), False, boundary),
        "mid.md": LastChange(_day(2), False, boundary),
        "new.md": LastChange(_day(5), True, newest),
    }


def test_a_repository_untouched_for_years_is_older_than_its_tip(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "1"}, at="2019-01-01T12:00:00Z")
    tip = commit(source, {"b.md": "1"}, at="2020-01-01T12:00:00Z")
    old = LastChange(datetime(2020, 1, 1, 12, tzinfo=UTC), False, tip)
    assert take(source).last_changes(["a.md", "b.md"]) == {"a.md": old, "b.md": old}


def test_a_date_that_no_calendar_holds_is_bounded(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "1"})
    raw = f"tree {git(source, 'rev-parse', 'HEAD:')}\nauthor a <a> 1 +0000\ncommitter a <a> 99999999999999 +0000\n\nx\n"
    made = git(source, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw.encode())
    git(source, "update-ref", "refs/heads/main", made)
    assert take(source).last_changes(["a.md"])["a.md"].at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_file_name_can_not_pose_as_a_commit(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    posing = f"\x01{'0' * 40} 32503680000"
    made = commit(source, {posing: "x", "z.md": "x"}, at="2026-01-01T12:00:00Z")
    assert take(source).last_changes(["z.md"]) == {"z.md": LastChange(_day(1), True, made)}


def test_very_many_very_long_paths_are_no_command_line(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "1"})
    assert take(source).last_changes([f"{'x' * 200}/" * 12 + str(number) for number in range(1400)]) == {}


def test_an_uncommitted_file_has_its_time_on_disk(tmp_path: Path, git_runner: Git) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "1", "b.md": "1"}, at="2026-01-01T12:00:00Z")
    (source / "b.md").write_text("2")
    os.utime(source / "b.md", (1_780_000_000, 1_780_000_000))
    changes = WorkingTree(source, git_runner).last_changes(["a.md", "b.md"])
    edited = LastChange(datetime.fromtimestamp(1_780_000_000, UTC), True)
    assert changes == {"a.md": LastChange(_day(1), True, made), "b.md": edited}
