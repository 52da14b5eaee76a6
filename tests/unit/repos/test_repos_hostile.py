"""Strangers' repositories: each costs itself at most, and none makes us run, follow or remember what it should not."""

from __future__ import annotations

import hashlib
import os
import select
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from git_author import commit, commit_tree, git, repository, tree_of

from app.errors import RepositoryError
from app.repos.git import Credential, Git
from app.repos.mirror import Mirror
from app.repos.model import Skipped
from app.repos.snapshot import CommitSnapshot
from app.repos.tree import Limits
from app.repos.worktree import WorkingTree

Take = Callable[..., CommitSnapshot]
Make = Callable[..., Mirror]


def test_an_empty_repository_says_so(tmp_path: Path, mirror_of: Make) -> None:
    with pytest.raises(RepositoryError, match="is empty") as failed:
        mirror_of(repository(tmp_path / "src")).tip()
    assert (failed.value.reason, failed.value.permanent) == ("unreadable", False)


def test_a_repository_that_is_gone_says_so(tmp_path: Path, mirror_of: Make) -> None:
    with pytest.raises(RepositoryError) as failed:
        mirror_of(tmp_path / "nowhere").tip()
    assert (failed.value.reason, failed.value.permanent) == ("source_failing", True)


def test_hooks_fsmonitor_and_filters_of_a_working_tree_never_run(tmp_path: Path, git_runner: Git) -> None:
    source, marker = repository(tmp_path / "src"), tmp_path / "ran"
    commit(source, {"a.md": "A", ".gitattributes": "*.md filter=odd=name\n"})
    evil = source / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    evil.chmod(0o755)
    for name in ("core.fsmonitor", "filter.odd=name.clean", "core.pager", "gpg.program", "diff.external"):
        git(source, "config", name, str(evil))
    for name in ("post-index-change", "post-checkout", "fsmonitor-watchman"):
        hook = source / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_bytes(evil.read_bytes())
        hook.chmod(0o755)
    git(source, "config", "log.showSignature", "true")
    (source / "a.md").write_text("B")
    tree = WorkingTree(source, git_runner)
    tree.read(tree.entries())
    tree.last_changes(["a.md", ".gitattributes"])
    assert not marker.exists()


def test_a_promisor_of_a_working_tree_is_never_asked(tmp_path: Path, git_runner: Git) -> None:
    source, marker = repository(tmp_path / "src"), tmp_path / "ran"
    commit(source, {"d/a.md": "A"})
    tree = git(source, "rev-parse", "HEAD:d")
    settings = {"url": "file:///nowhere", "promisor": "true", "uploadpack": f"touch {marker}; false"}
    for name, value in settings.items():
        git(source, "config", f"remote.origin.{name}", value)
    git(source, "config", "extensions.partialClone", "origin")
    git(source, "config", "core.repositoryformatversion", "1")
    (source / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    (source / ".git" / "index").unlink()
    with pytest.raises(RepositoryError):
        WorkingTree(source, git_runner)
    assert not marker.exists()


def test_links_are_not_followed_and_are_told(tmp_path: Path, take: Take, git_runner: Git) -> None:
    source, secret = repository(tmp_path / "src"), tmp_path / "secret.md"
    secret.write_text("secret")
    (source / "link.md").symlink_to(secret)
    (source / "folder").symlink_to(tmp_path)
    commit(source, {"a.md": "A"})
    link = "is a symbolic link, which is not followed"
    for snapshot in (take(source), WorkingTree(source, git_runner)):
        assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A"}
        assert set(snapshot.skipped()) == {Skipped("folder", link, True), Skipped("link.md", link, True)}


def test_a_folder_replaced_by_a_link_is_not_read_through(tmp_path: Path, git_runner: Git) -> None:
    source, outside = repository(tmp_path / "src"), tmp_path / "outside"
    commit(source, {"docs/a.md": "A"})
    outside.mkdir()
    (outside / "a.md").write_text("secret")
    tree = WorkingTree(source, git_runner)
    entries = tree.entries()
    (source / "docs" / "a.md").unlink()
    (source / "docs").rmdir()
    (source / "docs").symlink_to(outside)
    assert tree.read(entries) == {}
    fresh = WorkingTree(source, git_runner)
    assert fresh.read(fresh.entries()) == {}


def test_submodules_and_lfs_pointers_are_told_and_left(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    made = commit(source, {"runbook.md": pointer, "a.md": "A"})
    blobs = {name: git(source, "rev-parse", f"HEAD:{name}") for name in ("runbook.md", "a.md")}
    lines = [f"100644 blob {blob}\t{name}" for name, blob in blobs.items()]
    commit_tree(source, tree_of(source, *lines, f"160000 commit {made}\tvendor"))
    snapshot = take(source)
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A"}
    assert snapshot.skipped() == [
        Skipped("vendor", "is a submodule, which is not fetched", elsewhere=True),
        Skipped("runbook.md", "is a Git LFS pointer"),
    ]


def test_odd_names_are_names_and_never_options(tmp_path: Path, take: Take, git_runner: Git) -> None:
    source = repository(tmp_path / "src")
    names = ["--output=x", "-n", "new\nline.md", b"caf\xe9.md".decode("utf-8", "surrogateescape"), ":(glob)**", "\x01a"]
    commit(source, {name: f"of {number}" for number, name in enumerate(names)})
    expected = {name: f"of {number}".encode() for number, name in enumerate(names)}
    for snapshot in (take(source), WorkingTree(source, git_runner)):
        assert dict(snapshot.read(snapshot.entries())) == expected
        assert set(snapshot.last_changes(names)) == set(names)


def test_a_branch_named_like_an_option_is_a_branch(tmp_path: Path, mirror_of: Make, take: Take) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "A"})
    git(source, "update-ref", "refs/heads/--output=x", made)
    git(source, "update-ref", "-d", "refs/heads/main")
    assert mirror_of(source).tip().branch == "--output=x"
    assert take(source).commit == made


def test_caps_on_size_sum_and_depth_are_told(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A" * 60, "b.md": "B" * 60, "big.md": "C" * 101, "1/2/3/deep.md": "D"})
    snapshot = take(source, Limits(file_size=100, total_size=100, depth=3))
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A" * 60}
    assert set(snapshot.skipped()) == {
        Skipped("1/2/3/deep.md", "lies deeper than 3 folders"),
        Skipped("big.md", "is 101 bytes large, more than 100"),
        Skipped("b.md", "is past the 100 bytes read of one repository"),
    }


def test_no_fetch_writes_more_than_twice_what_is_read_of_a_repository(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A", "large.md": os.urandom(300_000).hex()})
    snapshot = take(source, Limits(total_size=50_000))
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A"}
    assert all(path.stat().st_size <= 100_000 for path in snapshot.folder.rglob("*"))


def test_too_many_files_cost_the_repository_only(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {f"{number}.md": "x" for number in range(11)})
    with pytest.raises(RepositoryError, match="11 files, more than the 10") as failed:
        take(source, Limits(files=10)).entries()
    assert (failed.value.reason, failed.value.permanent) == ("unreadable", True)


def test_a_tree_bomb_is_counted_and_not_written_out(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a": "x"})
    tree = tree_of(source, f"100644 blob {git(source, 'rev-parse', 'HEAD:a')}\ta")
    for _ in range(9):
        tree = tree_of(source, *(f"040000 tree {tree}\t{number}" for number in range(10)))
    commit_tree(source, tree)
    with pytest.raises(RepositoryError, match="holds 1000000000 files, more than the 200000") as failed:
        take(source).entries()
    assert (failed.value.reason, failed.value.permanent) == ("unreadable", True)


def test_a_bomb_of_folders_without_a_file_is_counted_too(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a": "x"})
    tree = git(source, "hash-object", "-t", "tree", "-w", "/dev/null")
    for _ in range(12):
        tree = tree_of(source, *(f"040000 tree {tree}\t{number}" for number in range(10)))
    commit_tree(source, tree)
    with pytest.raises(RepositoryError, match="holds 1111111111110 paths of") as failed:
        take(source).entries()
    assert (failed.value.reason, failed.value.permanent) == ("unreadable", True)


def test_a_lost_folder_costs_the_repository_its_listing(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A", "docs/b.md": "B"})
    snapshot = take(source)
    lost = git(source, "rev-parse", "HEAD:docs")
    own = tmp_path / "thinned.git"
    git(tmp_path, "init", "-q", "--bare", str(own))
    kept = [id_ for id_ in git(source, "rev-list", "--objects", "HEAD").split() if id_ != lost and len(id_) == 40]
    for id_ in kept:
        target = own / "objects" / id_[:2] / id_[2:]
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((source / ".git" / "objects" / id_[:2] / id_[2:]).read_bytes())
    snapshot.folder = own
    with pytest.raises(RepositoryError, match=f"the folder {lost} is missing or damaged") as failed:
        snapshot.entries()
    assert (failed.value.reason, failed.value.permanent) == ("unreadable", False)


def test_a_tree_is_listed_as_git_lists_it(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "A", "a/b": "B", "a-b/c": "C", "a/d/e/f.md": "F", "caf\u00e9/\u2026.md": "G"})
    blob = git(source, "rev-parse", "HEAD:a.md")
    inner = git(source, "rev-parse", "HEAD:a")
    lines = [f"100755 blob {blob}\tx.sh", f"120000 blob {blob}\tlink", f"160000 commit {made}\tsub"]
    commit_tree(source, tree_of(source, *lines, f"040000 tree {inner}\tone", f"040000 tree {inner}\ttwo"))
    snapshot = take(source)
    told = subprocess.run(["git", "ls-tree", "-r", "-z", "HEAD"], cwd=source, check=True, capture_output=True).stdout
    lines = [line for line in told.decode().split("\0") if line and " blob " in line and not line.startswith("12")]
    expected = sorted((line.split("\t", 1)[1], line.split()[2]) for line in lines)
    assert [(entry.path, entry.blob) for entry in snapshot.entries()] == expected
    assert [one.path for one in snapshot.skipped()] == ["link", "sub"]


def test_a_very_deep_tree_is_left_out_and_its_path_cut(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a": "x"})
    tree = git(source, "rev-parse", "HEAD:")
    for _ in range(1500):
        body = b"40000 d\0" + bytes.fromhex(tree)
        raw = b"tree %d\0" % len(body) + body
        tree = hashlib.sha1(raw).hexdigest()
        target = source / ".git" / "objects" / tree[:2] / tree[2:]
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(zlib.compress(raw, 0))
    commit_tree(source, tree)
    snapshot = take(source)
    assert snapshot.entries() == []
    assert snapshot.skipped() == [Skipped("d/" * 500 + "…", "lies deeper than 64 folders")]


def test_twenty_thousand_refs_are_not_fetched(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    made = commit(source, {"a.md": "A"})
    lines = [f"{made} refs/{kind}/{number}" for kind in ("heads", "pull") for number in range(10_000)]
    (source / ".git" / "packed-refs").write_text("\n".join(["# pack-refs with: peeled fully-peeled ", *lines, ""]))
    snapshot = take(source)
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"A"}
    assert git(snapshot.folder, "for-each-ref", "--format=%(refname)") == "refs/roadworthy/tip"


def test_a_lost_blob_is_told_and_its_neighbours_are_read(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {f"{number}.md": f"text {number}" for number in range(5)})
    lost = git(source, "rev-parse", "HEAD:3.md")
    (source / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    snapshot = take(source)
    assert sorted(snapshot.read(snapshot.entries())) == ["0.md", "1.md", "2.md", "4.md"]
    assert snapshot.skipped() == [Skipped("3.md", "is missing from the repository")]


def test_a_damaged_mirror_is_thrown_away_and_fetched_again(tmp_path: Path, take: Take) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    folder = take(source).folder
    commit(source, {"a.md": "B"})
    for pack in (folder / "objects" / "pack").iterdir():
        pack.chmod(0o644)
        pack.write_bytes(b"garbage")
    snapshot = take(source)
    assert dict(snapshot.read(snapshot.entries())) == {"a.md": b"B"}


def test_a_time_out_ends_the_whole_process_group(tmp_path: Path, git_runner: Git) -> None:
    pipe = tmp_path / "held-open-by-a-grandchild"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    alias = f"!sh -c 'exec 3>{pipe}; echo started >&3; sleep 300 & wait'"
    with pytest.raises(RepositoryError, match=r"took longer than 0\.5 seconds") as failed:
        git_runner.run(["-c", f"alias.hang={alias}", "hang"], folder=tmp_path, timeout=0.5)
    assert failed.value.permanent is False
    assert os.read(reader, 100) == b"started\n"
    os.set_blocking(reader, True)
    assert select.select([reader], [], [], 20)[0], "the grandchild still lives"
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_output_is_capped(tmp_path: Path, git_runner: Git) -> None:
    with pytest.raises(RepositoryError, match="more than 1000 bytes"):
        git_runner.run(["-c", "alias.flood=!yes", "flood"], folder=tmp_path, output_cap=1000)


def test_variables_of_the_caller_do_not_reach_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = repository(tmp_path / "src")
    commit(source, {"a.md": "A"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    runner = Git()
    assert [entry.path for entry in WorkingTree(source, runner).entries()] == ["a.md"]
    runner.close()


def test_ssh_asks_nothing_logs_in_as_git_and_carries_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, program = tmp_path / "seen", tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{seen}\nexit 255\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    runner = Git(credentials={"git.acme.example": Credential("", "s3cret", "/keys/it's mine")})
    with pytest.raises(RepositoryError):
        runner.run(["ls-remote", "ssh://git.acme.example/acme/payments"], url="ssh://git.acme.example/acme/payments")
    runner.close()
    arguments = seen.read_text().splitlines()
    assert {"-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oUser=git", "/keys/it's mine"} <= set(arguments)
    assert "s3cret" not in seen.read_text()
