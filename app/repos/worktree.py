"""A working tree as it lies on a laptop: tracked and untracked-not-ignored files, uncommitted changes included."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from app.errors import RepositoryError
from app.repos import urls
from app.repos.git import Git
from app.repos.history import IGNORE_FILE, ignored_commits, last_changes
from app.repos.model import LastChange, Skipped, TreeEntry
from app.repos.snapshot import CommitSnapshot
from app.repos.tree import Limits, within_total

_HIDDEN = frozenset((".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"))
_A_LINK = "is a symbolic link, which is not followed"


class WorkingTree:
    """Implements `model.Snapshot` over a folder, with git or without. Links are not followed, nothing is written.

    `folder` may be any folder inside a working tree: the whole tree is read. `commit` is "" where anything differs
    from HEAD.
    """

    def __init__(self, folder: Path, git: Git, limits: Limits | None = None) -> None:
        self.git, self.limits = git, limits or Limits()
        if not folder.is_dir():
            raise RepositoryError(f"{folder} is not a folder", reason="source_failing", permanent=True)
        if is_bare(folder):
            message = f"{folder} is a bare repository: clone it, or crawl it, since only a working tree is read here"
            raise RepositoryError(message, reason="source_failing", permanent=True)
        self.root = self._top(folder.resolve())
        self.has_git = (self.root / ".git").exists()
        self.commit = self.branch = ""
        self.url = self.root.as_uri()
        self._blobs: dict[str, str] = {}
        self._skipped: list[Skipped] = []
        self._head = ""
        self._no_filters: dict[str, str] = {}
        if self.has_git:
            self._describe()
        self._entries = self._list()

    @property
    def is_unborn(self) -> bool:
        """Whether nothing was committed yet."""
        return not self._head

    def entries(self) -> Sequence[TreeEntry]:
        return self._entries

    def skipped(self) -> Sequence[Skipped]:
        return self._skipped

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        kept, skipped = within_total(self._sizes(entries), self.limits)
        self._skipped += skipped
        found = {}
        for entry in kept:
            try:
                found[entry.path] = _content(self.root / entry.path, self.limits.file_size)
            except OSError as error:
                self._skipped.append(Skipped(entry.path, f"can't be read: {error.strerror}"))
        return found

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        """A committed file has its commit's date, a changed or new one its time on disk."""
        asked = list(paths)
        changed = [path for path in asked if path not in self._blobs]
        committed = {path: self._blobs[path] for path in asked if path in self._blobs}
        found = {path: LastChange(_modified(self.root / path), True) for path in changed}
        if self._head and committed:
            passed_over = ignored_commits(self.read(one for one in self._entries if one.path == IGNORE_FILE))
            found |= last_changes(self.git, self.root, self._git_dir(), self._head, committed, passed_over)
        return found

    def is_changed(self, path: str) -> bool:
        """Whether a file's content stands nowhere but here: it differs from the last commit, or there is no git."""
        return path not in self._blobs

    def at(self, revision: str) -> CommitSnapshot:
        """Where HEAD left a revision (a branch, tag or commit): what this tree's changes are measured against.

        Raises RepositoryError.
        """
        try:
            command = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
            there = self._run(*command).strip().decode()
        except RepositoryError:
            message = f"there is no commit “{revision}” here; a shallow clone must fetch it first"
            raise RepositoryError(message, reason="source_failing", permanent=True) from None
        with suppress(RepositoryError):  # no common history, or not here: then the revision itself
            there = self._run("merge-base", there, self._head or there).strip().decode()
        folder = self._git_dir()
        url, limits = self.url, self.limits
        return CommitSnapshot(
            self.git, folder, url=url, remote=folder.as_uri(), commit=there, branch=revision, limits=limits
        )

    @staticmethod
    def _top(folder: Path) -> Path:
        return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)

    def _run(self, *arguments: str) -> bytes:
        return self.git.run(arguments, folder=self.root, config=self._no_filters)

    def _git_dir(self) -> Path:
        return self.root / os.fsdecode(self._run("rev-parse", "--git-common-dir").strip())

    def _describe(self) -> None:
        try:
            self._head = self._run("rev-parse", "--verify", "--quiet", "HEAD").strip().decode()
            self.branch = os.fsdecode(self._run("branch", "--show-current").strip())
        except RepositoryError:
            self._head = ""  # no commit yet
        self._configure()

    def _configure(self) -> None:
        """Origin, and the repository's own filter commands: comparing a file would run them, so each is emptied."""
        try:
            listed = self._run("config", "-z", "--get-regexp", r"^(remote\.origin\.url|filter\..*)$")
        except RepositoryError:
            return  # neither is set
        for line in listed.split(b"\0"):
            name, _, value = line.decode("utf-8", "surrogateescape").partition("\n")
            if name == "remote.origin.url":
                self.url = self._origin(value)
            elif name.endswith((".clean", ".smudge", ".process")):
                self._no_filters[name] = ""
            elif name.endswith(".required"):
                self._no_filters[name] = "false"

    def _origin(self, value: str) -> str:
        try:
            return urls.canonical(value)
        except RepositoryError:
            return self.root.as_uri()  # a remote of no known form

    def _list(self) -> list[TreeEntry]:
        if not self.has_git:
            return self._found(sorted(_walk(self.root, self.limits)))
        changed = set(_paths(self._run("ls-files", "-z", "--modified", "--others", "--exclude-standard")))
        staged = self._run("ls-files", "-z", "--stage")
        if self._head:
            changed |= set(_paths(self._run("diff-index", "-z", "--name-only", "--cached", "--no-renames", self._head)))
        for line in staged.split(b"\0"):
            head, _, raw = line.partition(b"\t")
            if not raw:
                continue
            mode, blob = head.split()[:2]
            path = raw.decode("utf-8", "surrogateescape")
            if mode == b"160000":
                self._skipped.append(Skipped(path, "is a submodule, which is not read", elsewhere=True))
            elif mode == b"120000" and path not in changed:
                self._skipped.append(Skipped(path, _A_LINK, elsewhere=True))
            elif path not in changed:
                self._blobs[path] = blob.decode()
        self.commit = self._head if not changed else ""
        return self._found(sorted({*self._blobs, *changed}))

    def _found(self, paths: Sequence[str]) -> list[TreeEntry]:
        if len(paths) > self.limits.files:
            message = f"holds {len(paths)} files, more than the {self.limits.files} that are read"
            raise RepositoryError(message, reason="unreadable", permanent=True)
        entries = []
        for path in paths:
            file = self.root / path
            if path.count("/") >= self.limits.depth:
                self._skipped.append(Skipped(path, f"lies deeper than {self.limits.depth} folders"))
            elif path in self._blobs:
                entries.append(TreeEntry(path, self._blobs[path]))
            elif file.is_symlink() or any(parent.is_symlink() for parent in _inside(file, self.root)):
                self._skipped.append(Skipped(path, _A_LINK, elsewhere=True))
            elif file.is_file():
                entries.append(TreeEntry(path, _blob_id(file, self.limits)))
        return entries

    def _sizes(self, entries: Iterable[TreeEntry]) -> Iterator[tuple[TreeEntry, int]]:
        for entry in entries:
            file = self.root / entry.path
            try:
                if not file.is_file() or any(one.is_symlink() for one in (file, *_inside(file, self.root))):
                    raise OSError(0, "is no regular file")
                yield entry, file.stat().st_size
            except OSError as error:
                self._skipped.append(Skipped(entry.path, f"can't be read: {error.strerror}"))


def _paths(listing: bytes) -> list[str]:
    return [part.decode("utf-8", "surrogateescape") for part in listing.split(b"\0") if part]


def _inside(file: Path, root: Path) -> Iterator[Path]:
    for parent in file.parents:
        if parent == root:
            return
        yield parent


def _walk(root: Path, limits: Limits) -> Iterator[str]:
    """Files of a plain folder, bounded by one more than the cap so that the caller can refuse."""
    count = 0
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in _HIDDEN)
        for name in files:
            count += 1
            if count > limits.files + 1:
                return
            yield (Path(folder) / name).relative_to(root).as_posix()


def _blob_id(file: Path, limits: Limits) -> str:
    """Git's id of a file's content, so that caches know it; too large a file gets an id of its own."""
    try:
        size = file.stat().st_size
        if size > limits.file_size:
            return hashlib.sha1(f"large {file} {size}".encode(), usedforsecurity=False).hexdigest()
        data = file.read_bytes()
    except OSError:
        return ""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _content(file: Path, most: int) -> bytes:
    """A file's bytes; never through a link, never waiting on a pipe, never more than `most` however it grows."""
    with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
        return opened.read(most)


def _modified(file: Path) -> datetime:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)


def is_bare(folder: Path) -> bool:
    """Whether a folder is a repository without a working tree."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and not (folder / ".git").exists()
