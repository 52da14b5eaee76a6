"""A commit of a mirror, read without a checkout: listing, contents in one batch, and dates of last changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.errors import RepositoryError
from app.repos.failures import GitFailure
from app.repos.git import Git
from app.repos.history import IGNORE_FILE, ignored_commits, last_changes
from app.repos.model import LastChange, Skipped, TreeEntry
from app.repos.objects import ObjectReader, opened
from app.repos.tree import Limits, list_tree, within_total

_QUIET = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-gc")
_POINTER = b"version https://git-lfs.github.com/spec/"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_FETCHES = 24
"""How often a batch is halved to save what can still be had when the source has lost objects."""
PARTIAL = ("-c", "remote.origin.promisor=true", "-c", "remote.origin.partialclonefilter=blob:none")
"""Given to fetches only. A mirror whose own configuration said so would fetch absent blobs silently, one by one."""


class CommitSnapshot:
    """Implements `model.Snapshot` over a bare, partial mirror. Absent blobs that are wanted come in one batch.

    `options` are given to git itself where it fetches.
    """

    def __init__(
        self,
        git: Git,
        folder: Path,
        *,
        url: str,
        remote: str,
        commit: str,
        branch: str,
        limits: Limits,
        options: Sequence[str] = (),
    ) -> None:
        self.git, self.folder, self.limits = git, folder, limits
        self.options = options
        self.url, self.remote, self.commit, self.branch = url, remote, commit, branch
        self._entries: list[TreeEntry] | None = None
        self._skipped: list[Skipped] = []
        self._open = ExitStack()
        """Holds the reader that listed the tree for as long as contents are not asked for: starting another costs more
        than most of its answers."""
        self._reader: ObjectReader | None = None

    def entries(self) -> Sequence[TreeEntry]:
        if self._entries is None:
            self._reader = objects = self._open.enter_context(opened(self.git, self.folder))
            try:
                self._entries, self._skipped = self._listed(objects)
            except BaseException:
                self._close()
                raise
        return self._entries

    def _listed(self, objects: ObjectReader) -> tuple[list[TreeEntry], list[Skipped]]:
        if not _COMMIT.fullmatch(self.commit):
            raise RepositoryError(f"“{self.commit}” is no commit", reason="unreadable")
        [(root, top)] = objects.trees([f"{self.commit}^{{tree}}"])
        return list_tree(root, lambda ids: {root: top} if ids == [root] else dict(objects.trees(ids)), self.limits)

    def _close(self) -> None:
        self._reader = None
        self._open.close()

    def __del__(self) -> None:
        self._close()

    def skipped(self) -> Sequence[Skipped]:
        self.entries()
        return self._skipped

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        wanted = list(entries)
        if not wanted:
            return {}
        with self._reading() as objects:
            sizes = self._fetched(objects, wanted)
            kept, skipped = within_total(((e, sizes[e.blob]) for e in wanted if e.blob in sizes), self.limits)
            contents = objects.contents({entry.blob: sizes[entry.blob] for entry in kept})
        lost = [Skipped(entry.path, "is missing from the repository") for entry in wanted if entry.blob not in sizes]
        pointers = {blob for blob, data in contents.items() if data.startswith(_POINTER)}
        unreal = [Skipped(entry.path, "is a Git LFS pointer") for entry in kept if entry.blob in pointers]
        self._skipped += [*skipped, *lost, *unreal]
        return {entry.path: contents[entry.blob] for entry in kept if entry.blob not in pointers}

    @contextmanager
    def _reading(self) -> Iterator[ObjectReader]:
        """The reader that listed the tree, where it still stands; it ends with this."""
        if self._reader is None:
            self._reader = self._open.enter_context(opened(self.git, self.folder))
        try:
            yield self._reader
        finally:
            self._close()

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        blobs = {entry.path: entry.blob for entry in self.entries()}
        passed_over = ignored_commits(self.read(entry for entry in self.entries() if entry.path == IGNORE_FILE))
        wanted = {path: blobs[path] for path in paths if path in blobs}
        return last_changes(self.git, self.folder, self.folder, self.commit, wanted, passed_over)

    def _fetched(self, objects: ObjectReader, wanted: Sequence[TreeEntry]) -> dict[str, int]:
        """Sizes of what is wanted, after what was absent has been fetched."""
        sizes = objects.sizes(entry.blob for entry in wanted)
        missing = {entry.blob for entry in wanted if entry.blob not in sizes}
        if missing:
            self._fetch(missing)
            sizes |= objects.sizes(missing)
        return sizes

    def _fetch(self, blobs: Iterable[str]) -> None:
        """One batched fetch. Where single objects can't be had so, the rest is: whole, else by halves.

        An outage is no lost object: it raises, for what is merely out of reach must never look absent.
        """
        wanted = sorted(blobs)
        try:
            return self._batch(wanted)
        except GitFailure as error:
            if not error.lost_objects:
                raise
        refspec = f"+refs/heads/{self.branch}:refs/roadworthy/tip"
        try:
            self._remote(["fetch", *_QUIET, "--refetch", "--no-filter", "--depth=1", "origin", refspec])
        except GitFailure as error:
            if not error.lost_objects:
                raise
            self._halves(wanted)

    def _halves(self, blobs: Sequence[str]) -> None:
        waiting = [blobs]
        for _ in range(_MOST_FETCHES):
            if not waiting:
                return
            part = waiting.pop()
            try:
                self._batch(part)
            except GitFailure as error:
                if not error.lost_objects:
                    raise
                if len(part) > 1:
                    waiting += [part[len(part) // 2 :], part[: len(part) // 2]]

    def _batch(self, blobs: Sequence[str]) -> None:
        command = ["-c", "fetch.negotiationAlgorithm=noop", *PARTIAL, "fetch", *_QUIET, "--filter=blob:none"]
        self._remote([*command, "--stdin", "origin"], "\n".join(blobs).encode() + b"\n")

    def _remote(self, command: Sequence[str], stdin: bytes = b"") -> None:
        cap = 2 * self.limits.total_size
        self.git.run([*self.options, *command], folder=self.folder, stdin=stdin, url=self.remote, file_cap=cap)
