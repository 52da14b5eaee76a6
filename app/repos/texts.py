"""A snapshot of texts that were handed over instead of fetched: what CI renders. Implements `model.Snapshot`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from app.repos.model import LastChange, Skipped, TreeEntry


class Texts:
    """`files`: path → content."""

    def __init__(self, url: str, commit: str, files: Mapping[str, bytes]) -> None:
        self.url, self.commit, self.branch = url, commit, ""
        self._files = dict(sorted(files.items()))

    def entries(self) -> Sequence[TreeEntry]:
        return [
            TreeEntry(path, hashlib.sha1(data, usedforsecurity=False).hexdigest(), len(data))
            for path, data in self._files.items()
        ]

    def skipped(self) -> Sequence[Skipped]:
        return ()

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        return {entry.path: self._files[entry.path] for entry in entries}

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        return {}
