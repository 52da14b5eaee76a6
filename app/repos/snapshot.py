"""A commit of a mirror, read without a checkout: listing, contents in one batch, and dates of last changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from app.errors import RepositoryError
from app.repos.git import Git
from app.repos.history import last_changes
from app.repos.model import LastChange, Skipped, TreeEntry
from app.repos.tree import Limits, parse_tree, within_total

_LOCAL = ("-c", "remote.origin.promisor=false")
"""Absent blobs are missing, not silently fetched one by one."""


class CommitSnapshot:
    """Implements `model.Snapshot` over a bare, partial mirror. Absent blobs that are wanted come in one batch."""

    def __init__(
        self, git: Git, folder: Path, *, url: str, remote: str, commit: str, branch: str, limits: Limits
    ) -> None:
        self.git, self.folder, self.limits = git, folder, limits
        self.url, self.remote, self.commit, self.branch = url, remote, commit, branch
        self._entries: list[TreeEntry] | None = None
        self._skipped: list[Skipped] = []

    def entries(self) -> Sequence[TreeEntry]:
        if self._entries is None:
            listing = self.git.run(
                [*_LOCAL, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", self.commit], folder=self.folder
            )
            self._entries, self._skipped = parse_tree(listing, self.limits)
        return self._entries

    def skipped(self) -> Sequence[Skipped]:
        self.entries()
        return self._skipped

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        wanted = list(entries)
        if not wanted:
            return {}
        sizes = self._sizes(wanted)
        missing = {entry.blob for entry in wanted if entry.blob not in sizes}
        if missing:
            self._fetch(missing)
            sizes = self._sizes(wanted)
        kept, skipped = within_total(((e, sizes[e.blob]) for e in wanted if e.blob in sizes), self.limits)
        lost = [Skipped(entry.path, "is missing from the repository") for entry in wanted if entry.blob not in sizes]
        self._skipped += [*skipped, *lost]
        contents = self._contents(kept)
        return {entry.path: contents[entry.blob] for entry in kept if entry.blob in contents}

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        return last_changes(self.git, self.folder, self.folder, self.commit, list(paths))

    def _sizes(self, entries: Sequence[TreeEntry]) -> dict[str, int]:
        asked = "\n".join(dict.fromkeys(entry.blob for entry in entries)).encode() + b"\n"
        out = self.git.run([*_LOCAL, "cat-file", "--batch-check"], folder=self.folder, stdin=asked)
        found = (line.split(b" ") for line in out.splitlines())
        return {parts[0].decode(): int(parts[2]) for parts in found if len(parts) == 3 and parts[1] == b"blob"}

    def _fetch(self, blobs: Iterable[str]) -> None:
        """One batched fetch. A server that refuses single objects gets a whole fetch of the branch instead."""
        wanted = "\n".join(sorted(blobs)).encode() + b"\n"
        quiet = ["--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-gc"]
        batch = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", *quiet, "--filter=blob:none", "--stdin", "origin"]
        try:
            self.git.run(batch, folder=self.folder, stdin=wanted, url=self.remote)
        except RepositoryError as error:
            if error.reason == "forbidden":
                raise
            refetch = ["fetch", *quiet, "--refetch", "--no-filter", "--depth=1", "origin"]
            try:
                self.git.run(
                    [*refetch, f"+refs/heads/{self.branch}:refs/roadworthy/tip"], folder=self.folder, url=self.remote
                )
            except RepositoryError:
                self._fetch_one_by_one(sorted(blobs), quiet)

    def _fetch_one_by_one(self, blobs: Sequence[str], quiet: Sequence[str]) -> None:
        """Last resort when some object is lost at the source: what can still be had is had, by halves."""
        if len(blobs) <= 1:
            return
        for half in (blobs[: len(blobs) // 2], blobs[len(blobs) // 2 :]):
            command = [
                "-c",
                "fetch.negotiationAlgorithm=noop",
                "fetch",
                *quiet,
                "--filter=blob:none",
                "--stdin",
                "origin",
            ]
            try:
                self.git.run(command, folder=self.folder, stdin="\n".join(half).encode() + b"\n", url=self.remote)
            except RepositoryError:
                self._fetch_one_by_one(half, quiet)

    def _contents(self, entries: Sequence[TreeEntry]) -> dict[str, bytes]:
        if not entries:
            return {}
        asked = "\n".join(dict.fromkeys(entry.blob for entry in entries)).encode() + b"\n"
        return parse_batch(self.git.run([*_LOCAL, "cat-file", "--batch"], folder=self.folder, stdin=asked))


def parse_batch(out: bytes) -> dict[str, bytes]:
    """Object id → content, of `git cat-file --batch`."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        parts = out[at:end].split(b" ")
        at = end + 1
        if len(parts) == 3:
            size = int(parts[2])
            found[parts[0].decode()] = out[at : at + size]
            at += size + 1
    return found
