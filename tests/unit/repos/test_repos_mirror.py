"""Mirrors: which branch, what moves between syncs, and how little is fetched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from git_author import commit, git, repository

from app.errors import RepositoryError
from app.repos.git import Git
from app.repos.mirror import Mirror
from app.repos.model import Tip
from app.repos.snapshot import CommitSnapshot
from app.repos.worktree import WorkingTree

NOW = datetime(2026, 7, 1, tzinfo=UTC)
Take = Callable[..., CommitSnapshot]
Make = Callable[..., Mirror]


def test_the_default_branch_is_found_whatever_its_name(tmp_path: Path, mirror_of: Make) -> None:
    source = repository(tmp_path / "src", branch="release/next")
    made = commit(source, {"a.md": "A"})
    assert mirror_of(source).tip() == Tip("release/next", made)


@pytest.mark.parametrize("head", ["ref: refs/heads/gone\n", ""])
def test_an_odd_head_gives_a_usual_branch_and_says_so(tmp_path: Path, mirror_of: Make, head: str) -> None:
    source = repository(tmp_path / "src", branch="master")
    made = commit(source, {"a.md": "A"})
    git(source, "branch", "aaa")
    (source / ".git" / "HEAD").write_text(head or f"{made}\n")
    assert mirror_of(source).tip() == Tip("master", made, "HEAD names no branch")


def test_a_renamed_branch_is_found_again(tmp_path: Path, mirror_of: Make) -> None:
    source = repository(tmp_path / "src", branch="master")
    made = commit(source, {"a.md": "A"})
    mirror = mirror_of(source)
    assert mirror.tip("master") == Tip("master", made)
    git(source, "branch", "-m", "main")
    assert mirror.tip("master") == Tip("main", made)


def test_a_branch_whose_name_only_ends_alike_is_another_branch(tmp_path: Path, mirror_of: Make) -> None:
    source = repository(tmp_path / "src")
    main = commit(source, {"a.md": "A"})
    git(source, "checkout", "-q", "-b", "x/refs/heads/main")
    commit(source, {"a.md": "B"})
    assert mirror_of(source).tip("main") == Tip("main", main)


def test_a_force_push_shows_the_new_line_only(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    commit(source, {"wrong.md": "W"})
    take(source)
    git(source, "reset", "-q", "--hard", "HEAD~1")
    made = commit(source, {"right.md": "R"}, at="2026-06-02T12:00:00Z")
    snapshot = take(source)
    assert snapshot.commit == made
    assert [entry.path for entry in snapshot.entries()] == ["a.md", "right.md"]


def test_only_wanted_blobs_come_and_in_one_batch(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {f"{number}.md": f"text {number}" for number in range(20)})
    snapshot = take(source)
    packs = snapshot.folder / "objects" / "pack"
    assert len(list(packs.glob("*.pack"))) == 1
    assert len(snapshot.read(snapshot.entries()[:10])) == 10
    assert len(list(packs.glob("*.pack"))) == 2
    blobs = git(snapshot.folder, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert blobs.count("blob") == 10


def test_reading_again_fetches_nothing(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    snapshot = take(source)
    snapshot.read(snapshot.entries())
    source.rename(tmp_path / "away")
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A"}


def test_a_source_that_fails_while_reading_raises_and_is_no_absence(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    snapshot = take(source)
    source.rename(tmp_path / "away")
    with pytest.raises(RepositoryError) as failed:
        snapshot.read(snapshot.entries())
    assert failed.value.reason == "source_failing"


def test_the_mirror_keeps_no_promisor_in_its_configuration(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    snapshot = take(source)
    snapshot.read(snapshot.entries())
    assert "promisor" not in (snapshot.folder / "config").read_text()


def test_a_mirror_with_too_many_packs_is_fetched_anew(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    packs = take(source).folder / "objects" / "pack"
    for number in range(101):
        (packs / f"pack-{number}.pack").write_bytes(b"")
    take(source)
    assert len(list(packs.glob("*.pack"))) == 1


def test_a_working_tree_is_dirty_when_anything_differs(tmp_path: Path, git_runner: Git) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "A", ".gitignore": "*.log\n"})
    (source / "noise.log").write_text("x")
    clean = WorkingTree(source, git_runner)
    (source / "new.md").write_text("N")
    dirty = WorkingTree(source, git_runner)
    assert (clean.commit, [entry.path for entry in clean.entries()]) == (made, [".gitignore", "a.md"])
    assert (dirty.commit, [entry.path for entry in dirty.entries()]) == ("", [".gitignore", "a.md", "new.md"])


def test_blob_ids_of_a_working_tree_are_gits(tmp_path: Path, git_runner: Git) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A", "b.md": "B"})
    (source / "b.md").write_text("changed")
    expected = {name: git(source, "hash-object", name) for name in ("a.md", "b.md")}
    assert {entry.path: entry.blob for entry in WorkingTree(source, git_runner).entries()} == expected


def test_a_plain_folder_is_read_without_git(tmp_path: Path, git_runner: Git) -> None:
    folder = tmp_path / "plain"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "a.md").write_text("A")
    tree = WorkingTree(folder, git_runner)
    assert dict(tree.read(tree.entries())) == {"docs/a.md": b"A"}
    assert (tree.commit, tree.branch, tree.url) == ("", "", folder.as_uri())
    assert tree.last_changes(["docs/a.md"])["docs/a.md"].commit == ""


@pytest.mark.parametrize("name", ["a#b", "a;b", 'a"b', "a\\b", "a%20b", "a b"])
def test_a_path_with_signs_that_git_reads_as_its_own_is_mirrored(
    tmp_path: Path, mirror_of: Make, take: Take, name: str
) -> None:
    source = repository(tmp_path / name)
    made = commit(source, {"a.md": "A"})
    assert take(source).commit == made
    assert mirror_of(source).remote == mirror_of(source).url


def test_a_repository_that_counts_with_sha256_is_mirrored(tmp_path: Path, take: Take) -> None:
    source = tmp_path / "src"
    source.mkdir()
    git(source, "init", "-q", "-b", "main", "--object-format=sha256")
    made = commit(source, {"a.md": "A", "docs/b.md": "B"})
    snapshot = take(source)
    assert (snapshot.commit, len(made)) == (made, 64)
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A", "docs/b.md": b"B"}
    assert snapshot.last_changes(["a.md"])["a.md"].commit == made


def test_variables_of_the_caller_do_not_reach_a_new_mirror(
    tmp_path: Path, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "A"})
    for name in ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_TEMPLATE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert take(source).commit == made
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("told", ["", "release/next"])
def test_a_first_read_brings_the_default_branch_without_blobs(tmp_path: Path, mirror_of: Make, told: str) -> None:
    source = repository(tmp_path / "src", branch="release/next")
    made = commit(source, {"a.md": "A", "b.md": "B"})
    git(source, "branch", "other")
    git(source, "tag", "v1")
    mirror = mirror_of(source)
    snapshot = mirror.first(NOW, told)
    assert snapshot is not None
    assert (snapshot.branch, snapshot.commit) == ("release/next", made)
    objects = git(snapshot.folder, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert sorted(objects) == ["commit", "tree"]
    assert git(snapshot.folder, "for-each-ref", "--format=%(refname)") == "refs/roadworthy/tip"
    assert "promisor" not in (snapshot.folder / "config").read_text()
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A", "b.md": b"B"}
    assert snapshot.last_changes(["a.md"])["a.md"].exact


def test_what_was_read_first_is_synced_like_any_mirror(tmp_path: Path, mirror_of: Make, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    mirror = mirror_of(source)
    assert mirror.first(NOW) is not None
    assert mirror.first(NOW) is None, "a mirror is here"
    made = commit(source, {"a.md": "B"}, at="2026-06-02T12:00:00Z")
    snapshot = take(source)
    assert (snapshot.commit, dict(snapshot.read(snapshot.entries()))) == (made, {"a.md": b"B"})
    assert [path.name for path in (tmp_path / "mirrors").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("odd", ["empty", "gone", "head of nothing", "detached", "years old"])
def test_where_a_first_read_is_not_enough_nothing_is_left_behind(tmp_path: Path, mirror_of: Make, odd: str) -> None:
    source = repository(tmp_path / "src")
    if odd != "empty":
        earlier = commit(source, {"a.md": "A"}, at="2019-01-01T12:00:00Z")
        made = commit(
            source, {"a.md": "B"}, at="2019-01-02T12:00:00Z" if odd == "years old" else "2026-06-01T12:00:00Z"
        )
        heads = {"head of nothing": "ref: refs/heads/gone\n", "detached": f"{earlier}\n"}
        (source / ".git" / "HEAD").write_text(heads.get(odd, "ref: refs/heads/main\n"))
    mirror = mirror_of(tmp_path / "nowhere" if odd == "gone" else source)
    assert mirror.first(NOW) is None
    assert [path.name for path in (tmp_path / "mirrors").iterdir() if not path.name.endswith(".lock")] == []
    if odd in ("head of nothing", "detached", "years old"):
        assert mirror.sync(mirror.tip(), NOW).commit == made


@pytest.mark.parametrize("told", ["renamed", "*", "main:refs/heads/x", "../x", "-x", "ma in"])
def test_a_branch_that_was_told_wrongly_leaves_nothing_behind(tmp_path: Path, mirror_of: Make, told: str) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "A"})
    mirror = mirror_of(source)
    snapshot = mirror.first(NOW, told) or mirror.sync(mirror.tip(), NOW)
    assert (snapshot.branch, snapshot.commit) == ("main", made)
    assert git(snapshot.folder, "for-each-ref", "--format=%(refname)") == "refs/roadworthy/tip"


@pytest.mark.parametrize("odd", ["empty", "gone"])
def test_where_a_told_branch_is_not_there_nothing_is_left_behind(tmp_path: Path, mirror_of: Make, odd: str) -> None:
    source = repository(tmp_path / "src")
    mirror = mirror_of(tmp_path / "nowhere" if odd == "gone" else source)
    assert mirror.first(NOW, "main") is None
    assert [path.name for path in (tmp_path / "mirrors").iterdir() if not path.name.endswith(".lock")] == []


def test_a_told_branch_is_read_also_where_nothing_is_new_or_objects_count_otherwise(
    tmp_path: Path, mirror_of: Make
) -> None:
    source = repository(tmp_path / "old")
    made = commit(source, {"a.md": "A"}, at="2019-01-02T12:00:00Z")
    snapshot = mirror_of(source).first(NOW, "main")
    assert snapshot is not None
    assert snapshot.commit == made
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "long")
    made = commit(tmp_path / "long", {"a.md": "A"})
    mirror = mirror_of(tmp_path / "long")
    other = mirror.first(NOW, "main") or mirror.sync(mirror.tip(), NOW)
    assert other.commit == made
    assert dict(other.read(other.entries())) == {"a.md": b"A"}


def test_a_bare_repository_is_no_working_tree(tmp_path: Path, git_runner: Git) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    git(tmp_path, "clone", "-q", "--bare", str(source), "bare")
    with pytest.raises(RepositoryError, match="is a bare repository: clone it, or crawl it"):
        WorkingTree(tmp_path / "bare", git_runner)


def test_a_branch_that_moved_comes_over_one_connection_also_when_forced(tmp_path: Path, mirror_of: Make) -> None:
    source = repository(tmp_path / "src")
    first = commit(source, {"a.md": "A"})
    mirror = mirror_of(source)
    mirror.sync(mirror.tip(), NOW)
    second = commit(source, {"b.md": "B"})
    pushed = mirror.newest(Tip("main", first), NOW)
    git(source, "reset", "-q", "--hard", "HEAD~1")
    third = commit(source, {"c.md": "C"}, at="2026-06-02T12:00:00Z")
    forced = mirror.newest(Tip("main", second), NOW)
    still = mirror.newest(Tip("main", third), NOW)

    assert [one.commit for one in (pushed, forced, still) if one] == [second, third, third]
    assert forced is not None
    assert [entry.path for entry in forced.entries()] == ["a.md", "c.md"]


def test_one_connection_is_not_enough_without_a_mirror_or_the_branch(tmp_path: Path, mirror_of: Make) -> None:
    source = repository(tmp_path / "src", branch="master")
    made = commit(source, {"a.md": "A"})
    mirror = mirror_of(source)
    assert mirror.newest(Tip("master", made), NOW) is None
    mirror.sync(mirror.tip(), NOW)
    assert mirror.newest(Tip("master", "0" * 40), NOW) is None
    git(source, "branch", "-m", "main")
    assert mirror.newest(Tip("master", made), NOW) is None
    assert mirror.tip("master") == Tip("main", made)


def test_a_source_that_is_away_fails_once_instead_of_being_asked_again(tmp_path: Path, mirror_of: Make) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "A"})
    mirror = mirror_of(source)
    mirror.sync(mirror.tip(), NOW)
    source.rename(tmp_path / "away")
    assert mirror.newest(Tip("main", made), NOW) is None  # gone for good, as it says: whoever asks next tells
    with pytest.raises(RepositoryError, match="ls-remote"):
        mirror.tip("main")
