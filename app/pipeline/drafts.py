"""The files of a repository as fixes would leave them, over a snapshot that nobody writes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.lib import line_endings, redaction
from app.lib.line_endings import Lines, NotText
from app.lib.yaml_edits import Uneditable
from app.repos.model import Snapshot, TreeEntry
from app.repos.overlay import Overlay

MAX_FILE = 512 * 1024
"""Bytes of a file that is edited; a larger one is made by a machine."""
_HOLDS_ONE = "it holds what looks like a credential, which a diff would show: run `roadworthy fix` in the repository"


@dataclass
class Drafts:
    """The files as they would be. Implements `remediation.model.Files`.

    `shown`: the diff goes to whoever may see the entity, who need not be let into the repository. A diff shows the
    lines around a change as they are, so a file that holds what looks like a credential is then left alone.
    """

    base: Snapshot
    now: datetime
    shown: bool = False
    known: dict[str, Lines] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    entries: dict[str, TreeEntry] = field(init=False)
    links: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.entries = {entry.path: entry for entry in self.base.entries()}
        self.links = {one.path for one in self.base.skipped()}

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(self.entries) | self.changed

    def text(self, path: str) -> str:
        return self.lines(path).text

    def lines(self, path: str) -> Lines:
        """Raises Uneditable."""
        if path not in self.known:
            entry = self.entries.get(path)
            data = self.base.read([entry]).get(path) if entry is not None and entry.size <= MAX_FILE else None
            if data is None or len(data) > MAX_FILE:
                raise Uneditable("it can't be read, or is larger than half a megabyte", path=path)
            try:
                lines = line_endings.read(data)
            except NotText as error:
                raise Uneditable(str(error), path=path) from None
            if self.shown and redaction.holds_secret(lines.text):
                raise Uneditable(_HOLDS_ONE, path=path)
            self.known[path] = lines
        return self.known[path]

    def with_files(self, files: Mapping[str, Lines]) -> Drafts:
        return Drafts(self.base, self.now, self.shown, {**self.known, **files}, self.changed | set(files))

    def refuses(self, path: str) -> str:
        """Why no new file may be made at a path, or ""."""
        parts = path.split("/")
        above = {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
        if path.startswith("/") or ".." in parts or ".git" in parts or not all(parts):
            return "it would lie outside of the repository"
        if above & self.links:
            return "a symbolic link or a submodule stands in its way"
        if path in self.paths or any(one in self.paths for one in above):
            return "another file stands there"
        return ""

    @property
    def overlay(self) -> Snapshot:
        return Overlay(self.base, {path: self.known[path].raw.encode() for path in self.changed}, self.now)
