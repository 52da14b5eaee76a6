"""Files in memory as a snapshot: what was handed over and lies in no repository yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.repos.model import LastChange, Skipped, TreeEntry


class MemorySnapshot:
    """Implements `model.Snapshot`. Every file was last changed `now`: it is as new as can be."""

    def __init__(self, files: Mapping[str, bytes], *, url: str, now: datetime) -> None:
        self.url, self.commit, self.branch = url, "", ""
        self._files, self._now = files, now
        self._entries = [TreeEntry(path, _blob(data), len(data)) for path, data in sorted(files.items())]

    def entries(self) -> Sequence[TreeEntry]:
        return self._entries

    def skipped(self) -> Sequence[Skipped]:
        return ()

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        return {entry.path: self._files[entry.path] for entry in entries if entry.path in self._files}

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        return {path: LastChange(self._now, True) for path in paths if path in self._files}


def _blob(data: bytes) -> str:
    """Git's id of the content, as for any file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
