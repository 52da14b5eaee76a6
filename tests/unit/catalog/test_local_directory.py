"""Local folders as a source: which repositories they hold, and the branch that each one's HEAD names."""

from __future__ import annotations

from pathlib import Path

from git_author import commit, git, repository

from app.catalog.providers.local_directory import LocalDirectory


def test_each_repository_is_told_with_the_branch_that_its_head_names(tmp_path: Path) -> None:
    tree = repository(tmp_path / "tree", branch="release/next")
    made = commit(tree, {"a.md": "A"})
    git(tmp_path, "clone", "-q", "--bare", str(tree), "bare")
    commit(repository(tmp_path / "detached"), {"a.md": "A"})
    git(tmp_path / "detached", "checkout", "-q", "--detach")
    git(tree, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"), made)
    listed = LocalDirectory(tmp_path).discover().repositories
    assert {Path(one.url).name: one.branch for one in listed} == {
        "bare": "release/next",
        "detached": "",
        "linked": "",
        "tree": "release/next",
    }
