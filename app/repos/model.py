"""What a repository is to the rest of the project: a name, a snapshot to read, and the history of its paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.lib.names import shown

NOTHING_PUSHED = "it is empty: no branch was pushed yet"
"""Why a repository without a commit can't be read."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One regular file. `path` uses `/` (bytes that are not UTF-8 become surrogate escapes); `blob` is git's object id.

    `size` is −1 when not known (a blob that a partial mirror has not fetched). `executable`: as a commit says; of a
    working tree it is not asked.
    """

    path: str
    blob: str
    size: int = -1
    executable: bool = False

    @property
    def is_named(self) -> bool:
        """Whether its name is UTF-8: no answer, page or database can name another."""
        return self.path.isascii() or shown(self.path) == self.path


@dataclass(frozen=True, slots=True)
class LastChange:
    """When a path last really changed. With `exact` false the truth is *older than* `at` (a shallow boundary)."""

    at: datetime
    exact: bool
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path left unread, and why (a symbolic link, a submodule, too large …).

    `elsewhere`: what it names is no content of this repository, so that nothing of the repository stays unseen.
    """

    path: str
    reason: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a branch stands. `odd` says what was odd about HEAD, or "".

    `fetch`: the ref or commit id to ask the server for, where it is not the tip of `branch`.
    """

    branch: str
    commit: str
    odd: str = ""
    fetch: str = ""


class Snapshot(Protocol):
    """A read-only view of one repository at one moment: a commit, or a working tree."""

    url: str
    """Canonical URL, without credentials: `https://host/group/name`, `ssh://…`, `file:///path`."""
    commit: str
    """Full object id; "" for a working tree that has uncommitted changes or no commit."""
    branch: str

    def entries(self) -> Sequence[TreeEntry]:
        """Every regular file, sorted by path. Links and submodules are left out (see `skipped`)."""

    def skipped(self) -> Sequence[Skipped]: ...

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        """Contents by path, fetched in one batch. What can't be read is missing here and stands in `skipped`."""

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        """When each path last changed; a path without any history is missing from the answer."""
