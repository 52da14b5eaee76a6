"""Real repositories for tests, odd ones included: fixed author, fixed dates, nothing of the machine's configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@acme.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@acme.example",
    "LC_ALL": "C",
}


def git(folder: Path, *arguments: str, stdin: bytes = b"", at: str = "2026-06-01T12:00:00Z") -> str:
    """Output of a git command, stripped; the test fails with git's words when it fails."""
    environment = CLEAN | {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def repository(folder: Path, branch: str = "main") -> Path:
    """An empty repository with a working tree."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", branch)
    return folder


def commit(folder: Path, files: dict[str, str | bytes], at: str = "2026-06-01T12:00:00Z") -> str:
    """Writes files, commits everything, and gives the commit's id."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "change", at=at)
    return git(folder, "rev-parse", "HEAD")


def tree_of(folder: Path, *lines: str) -> str:
    """A tree object made of `mode type id<TAB>name` lines: it may say what no working tree can."""
    return git(folder, "mktree", "-z", stdin=b"".join(os.fsencode(line) + b"\0" for line in lines))


def commit_tree(folder: Path, tree: str, branch: str = "main") -> str:
    """Commits a tree object on a branch, without a working tree."""
    made = git(folder, "commit-tree", "-m", "change", tree)
    git(folder, "update-ref", f"refs/heads/{branch}", made)
    return made
