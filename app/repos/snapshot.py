"""A commit of a mirror, read without a checkout: listing, contents in one batch, and dates of last changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from app.repos.failures import GitFailure
from app.repos.git import Git
from app.repos.history import last_changes
from app.repos.model import LastChange, Skipped, TreeEntry
from app.repos.tree import Limits, parse_tree, within_total

_QUIET = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-gc")
_POINTER = b"version https://git-lfs.github.com/spec/"
_MOST_FETCHES = 24
"""How often a batch is halved to save what can still be had when the source has lost objects."""
PARTIAL = ("-c", "remote.origin.promisor=true", "-c", "remote.origin.partialclonefilter=blob:none")
"""Given to fetches only. A mirror whose own configuration said so would fetch absent blobs silently, one by one."""


class CommitSnapshot:
    """Implements `model.Snapshot` over a bare, partial mirror. Absent blobs that are wanted come in one batch."""

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
        redirects: str = "initial",
    ) -> None:
        self.git, self.folder, self.limits = git, folder, limits
        self.redirects = redirects
        self.url, self.remote, self.commit, self.branch = url, remote, commit, branch
        self._entries: list[TreeEntry] | None = None
        self._skipped: list[Skipped] = []

    def entries(self) -> Sequence[TreeEntry]:
        if self._entries is None:
            listing = self.git.run(
                ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", self.commit], folder=self.folder
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
        contents = self._contents(kept)
        pointers = {blob for blob, data in contents.items() if data.startswith(_POINTER)}
        unreal = [Skipped(entry.path, "is a Git LFS pointer") for entry in kept if entry.blob in pointers]
        self._skipped += [*skipped, *lost, *unreal]
        return {entry.path: contents[entry.blob] for entry in kept if entry.blob in contents.keys() - pointers}

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        self.read([entry for entry in self.entries() if entry.path == ".git-blame-ignore-revs"])
        return last_changes(self.git, self.folder, self.folder, self.commit, list(paths))

    def _sizes(self, entries: Sequence[TreeEntry]) -> dict[str, int]:
        asked = "\n".join(dict.fromkeys(entry.blob for entry in entries)).encode() + b"\n"
        out = self.git.run(["cat-file", "--batch-check"], folder=self.folder, stdin=asked)
        found = (line.split(b" ") for line in out.splitlines())
        return {parts[0].decode(): int(parts[2]) for parts in found if len(parts) == 3 and parts[1] == b"blob"}

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
        redirects = ("-c", f"http.followRedirects={self.redirects}")
        cap = 2 * self.limits.total_size
        self.git.run([*redirects, *command], folder=self.folder, stdin=stdin, url=self.remote, file_cap=cap)

    def _contents(self, entries: Sequence[TreeEntry]) -> dict[str, bytes]:
        if not entries:
            return {}
        asked = "\n".join(dict.fromkeys(entry.blob for entry in entries)).encode() + b"\n"
        cap = self.limits.total_size + 200 * len(entries)
        return parse_batch(self.git.run(["cat-file", "--batch"], folder=self.folder, stdin=asked, output_cap=cap))


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
