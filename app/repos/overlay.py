"""A snapshot with some files as they would be: what a fix is scored by before anyone applies it. Nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.repos.model import LastChange, Skipped, Snapshot, TreeEntry


class Overlay:
    """Implements `model.Snapshot`. `files`: path → content in place of what `base` has there.

    A file that `base` has keeps the date of its last change: an edit by a machine is no review. A new one is of `now`.
    """

    def __init__(self, base: Snapshot, files: Mapping[str, bytes], now: datetime) -> None:
        self.base, self.files, self.now = base, files, now
        self.url, self.commit, self.branch = base.url, base.commit, base.branch

    def entries(self) -> Sequence[TreeEntry]:
        kept = [entry for entry in self.base.entries() if entry.path not in self.files]
        made = [TreeEntry(path, _blob(data), len(data)) for path, data in self.files.items()]
        return sorted([*kept, *made], key=lambda entry: entry.path)

    def skipped(self) -> Sequence[Skipped]:
        return self.base.skipped()

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        wanted = list(entries)
        mine = {entry.path: self.files[entry.path] for entry in wanted if entry.path in self.files}
        return {**self.base.read([entry for entry in wanted if entry.path not in mine]), **mine}

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        there = {entry.path for entry in self.base.entries()}
        asked = list(paths)
        found = dict(self.base.last_changes([path for path in asked if path in there]))
        new = [path for path in asked if path in self.files and path not in there]
        return found | dict.fromkeys(new, LastChange(self.now, True))


def _blob(data: bytes) -> str:
    """git's id of a blob."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
