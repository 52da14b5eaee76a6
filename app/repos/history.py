"""When did a path last really change? One walk over history for all paths asked, shallow boundaries told apart.

A commit counts for a path when the content it leaves behind is the content that stands at the tip: so a change that a
merge threw away never counts, and one made inside a merge does. Changed permissions and pure renames do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.repos.git import Git
from app.repos.model import LastChange

_MAX_PATHSPECS = 50
"""Beyond this one walk over everything is faster than comparing each path in each commit."""
_MAX_RENAMES = 20
"""Renames followed: each costs a git process."""
_MARK = b"\x01"
IGNORE_FILE = ".git-blame-ignore-revs"
_NOTHING = ("0" * 40, "0" * 64)
_LATEST = 253402300799  # 9999-12-31, the last second a datetime can hold
_OUTPUT_CAP = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """One path in one commit: blob ids before (of every parent) and after, "" where there is none."""

    path: str
    before: tuple[str, ...]
    after: str


def last_changes(
    git: Git, folder: Path, git_dir: Path, commit: str, blobs: Mapping[str, str], passed_over: frozenset[str]
) -> dict[str, LastChange]:
    """Path → when a commit last changed its content, merges followed. `blobs`: path → its blob at `commit`.

    A commit at the shallow boundary seems to add every file: such an answer is "older than", never a date. Commits
    `passed_over` do not count. Raises RepositoryError.
    """
    if not blobs or not commit:
        return {}
    walk = _Walk(git, folder, _boundary(git_dir), passed_over)
    found = walk.dates(commit, blobs)
    for path, (start, old) in list(walk.renamed.items())[:_MAX_RENAMES]:
        before = walk.dates(start, {old: blobs[path]})
        if old in before:
            found[path] = before[old]
    return found


def ignored_commits(files: Mapping[str, bytes]) -> frozenset[str]:
    """Commit ids of `.git-blame-ignore-revs` among these files; none where it is not there."""
    lines = (line.split("#")[0].strip() for line in files.get(IGNORE_FILE, b"").decode("utf-8", "replace").splitlines())
    return frozenset(line for line in lines if line)


class _Walk:
    def __init__(self, git: Git, folder: Path, boundary: frozenset[str], passed_over: frozenset[str]) -> None:
        self.git, self.folder, self.boundary, self.passed_over = git, folder, boundary, passed_over
        self.renamed: dict[str, tuple[str, str]] = {}
        """New path → (the commit before the rename, the old path)."""

    def dates(self, start: str, pending: Mapping[str, str]) -> dict[str, LastChange]:
        waiting, found = dict(pending), {}
        for commit, at, entries in self._commits(start, list(pending)):
            added: list[_Entry] = []
            for entry in entries:
                if waiting.get(entry.path) != entry.after or entry.after in entry.before:
                    continue
                if commit in self.passed_over and commit not in self.boundary and entry.before[0]:
                    waiting[entry.path] = entry.before[0]
                    continue
                found[entry.path] = LastChange(at, commit not in self.boundary, commit)
                del waiting[entry.path]
                if not any(entry.before) and commit not in self.boundary:
                    added.append(entry)
            if added:
                self._note_renames(commit, added, entries)
            if not waiting:
                break
        return found

    def _note_renames(self, commit: str, added: Sequence[_Entry], entries: Sequence[_Entry]) -> None:
        """A content that the same commit deleted elsewhere was moved, which is no change."""
        deleted = {entry.before: entry.path for entry in entries if not entry.after}
        for entry in added:
            old = deleted.get((entry.after,))
            if old is not None and len(self.renamed) < _MAX_RENAMES:
                self.renamed[entry.path] = (f"{commit}^", old)

    def _commits(self, start: str, paths: Sequence[str]) -> Iterator[tuple[str, datetime, list[_Entry]]]:
        specs = [f":(literal){path}" for path in paths] if len(paths) <= _MAX_PATHSPECS else []
        arguments = ["log", "--format=%x01%H %ct", "--raw", "-c", "-z", "--no-abbrev", "--no-renames", "--full-diff"]
        arguments += ["--no-show-signature", "--no-ext-diff", "--no-textconv", "--end-of-options", start, "--", *specs]
        tokens = iter(self.git.run(arguments, folder=self.folder, output_cap=_OUTPUT_CAP).split(b"\0"))
        token = next(tokens, b"")
        while token.lstrip(b"\n").startswith(_MARK):
            commit, _, stamp = token.lstrip(b"\n")[1:].decode("ascii", "replace").partition(" ")
            entries, token = _entries(tokens)
            yield commit, _instant(stamp), entries


def _entries(tokens: Iterator[bytes]) -> tuple[list[_Entry], bytes]:
    """The raw entries up to the next header, and that header. A path follows its entry: it can't pose as a header."""
    entries: list[_Entry] = []
    for token in tokens:
        line = token.lstrip(b"\n")
        if not line.startswith(b":"):
            if line:
                return entries, line
            continue
        parents = len(line) - len(line.lstrip(b":"))
        words = line.decode("ascii", "replace").lstrip(":").split(" ")
        ids = ["" if word in _NOTHING else word for word in words[parents + 1 : 2 * parents + 2]]
        path = next(tokens, b"").decode("utf-8", "surrogateescape")
        if len(ids) == parents + 1:
            entries.append(_Entry(path, tuple(ids[:-1]), ids[-1]))
    return entries, b""


def _instant(stamp: str) -> datetime:
    """A commit's time; one that no calendar holds is taken as the nearest that it does."""
    try:
        seconds = int(stamp)
    except ValueError:
        seconds = 0
    return datetime.fromtimestamp(max(0, min(seconds, _LATEST)), UTC)


def _boundary(git_dir: Path) -> frozenset[str]:
    try:
        return frozenset((git_dir / "shallow").read_text("ascii", "replace").split())
    except OSError:
        return frozenset()
