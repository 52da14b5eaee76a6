"""When did a path last really change? One walk over history for all paths asked, shallow boundaries told apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.repos.git import Git
from app.repos.model import LastChange

_MAX_PATHSPECS = 1500
_MARK = "\x01"


def last_changes(git: Git, folder: Path, git_dir: Path, commit: str, paths: Sequence[str]) -> dict[str, LastChange]:
    """Path → when a commit last changed it, merges followed as git follows them. Renames count as changes.

    A commit at the shallow boundary seems to add every file: such an answer is "older than", never a date.
    Commits listed in `.git-blame-ignore-revs` of the same tree are passed over.
    """
    if not paths or not commit:
        return {}
    wanted = set(paths)
    specs = [f":(literal){path}" for path in paths] if len(paths) <= _MAX_PATHSPECS else []
    arguments = ["log", f"--format={_MARK}%H %ct", "--name-only", "-z", "--no-renames", "--no-show-signature", commit]
    out = git.run([*arguments, "--", *specs], folder=folder)
    boundary = _boundary(git_dir)
    skipped = _ignored_commits(git, folder, commit)
    found: dict[str, LastChange] = {}
    current: tuple[str, datetime] | None = None
    for token in out.split(b"\0"):
        text = token.decode("utf-8", "surrogateescape").lstrip("\n")
        if text.startswith(_MARK):
            sha, _, stamp = text[1:].partition(" ")
            current = (sha, datetime.fromtimestamp(int(stamp), UTC))
        elif text in wanted and text not in found and current and (current[0] not in skipped or current[0] in boundary):
            found[text] = LastChange(current[1], current[0] not in boundary, current[0])
    return found


def _boundary(git_dir: Path) -> set[str]:
    shallow = git_dir / "shallow"
    return set(shallow.read_text("ascii").split()) if shallow.exists() else set()


def _ignored_commits(git: Git, folder: Path, commit: str) -> set[str]:
    listed = git.run(["ls-tree", "-z", commit, "--", ".git-blame-ignore-revs"], folder=folder)
    if not listed:
        return set()
    text = git.run(["cat-file", "blob", listed.split()[2].decode()], folder=folder).decode("utf-8", "replace")
    return {line.split("#")[0].strip() for line in text.splitlines()}
