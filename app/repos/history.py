"""When did a path last really change? One walk over history for all paths asked, shallow boundaries told apart.

A commit counts for a path when the content it leaves behind is the content that stands at the tip: so a change that a
merge threw away never counts, and one made inside a merge does. Changed permissions and pure renames do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.errors import RepositoryError
from app.repos.git import Git
from app.repos.model import LastChange

_MAX_PATHSPECS = 50
"""Beyond this one walk over everything is faster than comparing each path in each commit."""
_MAX_RENAMES = 20
"""Renames followed, and commits looked at for them: each costs a git process."""
_MARK = b"\x01"
_IGNORE_FILE = ".git-blame-ignore-revs"
_LATEST = 253402300799  # 9999-12-31, the last second a datetime can hold
_OUTPUT_CAP = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """One path in one commit: blob ids before (of every parent) and after, "" where there is none."""

    path: str
    before: tuple[str, ...]
    after: str


def last_changes(git: Git, folder: Path, git_dir: Path, commit: str, paths: Sequence[str]) -> dict[str, LastChange]:
    """Path → when a commit last changed its content, merges followed. Raises RepositoryError.

    A commit at the shallow boundary seems to add every file: such an answer is "older than", never a date.
    Commits listed in `.git-blame-ignore-revs` of the same tree are passed over.
    """
    if not paths or not commit:
        return {}
    walk = _Walk(git, folder, _boundary(git_dir), _ignored_commits(git, folder, commit))
    blobs = _blobs(git, folder, commit)
    pending = {path: blobs[path] for path in paths if path in blobs}
    found = walk.dates(commit, pending)
    for path, (start, old) in list(walk.renamed.items())[:_MAX_RENAMES]:
        before = walk.dates(start, {old: pending[path]})
        if old in before:
            found[path] = before[old]
    return found


class _Walk:
    def __init__(self, git: Git, folder: Path, boundary: frozenset[str], passed_over: frozenset[str]) -> None:
        self.git, self.folder, self.boundary, self.passed_over = git, folder, boundary, passed_over
        self.renamed: dict[str, tuple[str, str]] = {}
        """New path → (the commit before the rename, the old path)."""
        self._deleted: dict[str, dict[str, str]] = {}

    def dates(self, start: str, pending: Mapping[str, str]) -> dict[str, LastChange]:
        waiting, found = dict(pending), {}
        for commit, at, entries in self._commits(start, list(pending)):
            for entry in entries:
                if waiting.get(entry.path) != entry.after or entry.after in entry.before:
                    continue
                if commit in self.passed_over and commit not in self.boundary and entry.before[0]:
                    waiting[entry.path] = entry.before[0]
                    continue
                found[entry.path] = LastChange(at, commit not in self.boundary, commit)
                del waiting[entry.path]
                self._note_rename(commit, entry)
            if not waiting:
                break
        return found

    def _note_rename(self, commit: str, entry: _Entry) -> None:
        if any(entry.before) or commit in self.boundary or len(self.renamed) >= _MAX_RENAMES:
            return
        if commit not in self._deleted:
            self._deleted[commit] = self._deletions(commit) if len(self._deleted) < _MAX_RENAMES else {}
        if old := self._deleted[commit].get(entry.after):
            self.renamed[entry.path] = (f"{commit}^", old)

    def _deletions(self, commit: str) -> dict[str, str]:
        """Blob id → path, of what a commit deleted."""
        arguments = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-commit-id", "--diff-filter=D", commit]
        gone, _ = _entries(iter(self.git.run(arguments, folder=self.folder).split(b"\0")))
        return {one.before[0]: one.path for one in gone}

    def _commits(self, start: str, paths: Sequence[str]) -> Iterator[tuple[str, datetime, list[_Entry]]]:
        specs = [f":(literal){path}" for path in paths] if len(paths) <= _MAX_PATHSPECS else []
        arguments = ["log", "--format=%x01%H %ct", "--raw", "-c", "-z", "--no-abbrev", "--no-renames"]
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
        ids = ["" if set(word) == {"0"} else word for word in words[parents + 1 : 2 * parents + 2]]
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


def _blobs(git: Git, folder: Path, commit: str) -> dict[str, str]:
    listing = git.run(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit], folder=folder)
    lines = (line.partition(b"\t") for line in listing.split(b"\0") if line)
    return {path.decode("utf-8", "surrogateescape"): head.split()[2].decode("ascii") for head, _, path in lines}


def _boundary(git_dir: Path) -> frozenset[str]:
    try:
        return frozenset((git_dir / "shallow").read_text("ascii", "replace").split())
    except OSError:
        return frozenset()


def _ignored_commits(git: Git, folder: Path, commit: str) -> frozenset[str]:
    """Commit ids of `.git-blame-ignore-revs`; where it can't be read, nothing is passed over."""
    try:
        text = git.run(["cat-file", "blob", f"{commit}:{_IGNORE_FILE}"], folder=folder, output_cap=1 << 20)
    except RepositoryError:
        return frozenset()
    lines = (line.split("#")[0].strip() for line in text.decode("utf-8", "replace").splitlines())
    return frozenset(line for line in lines if line)
