"""What is handed over instead of lying in a repository, as a snapshot: an archive, or one text.

Called by `check` for files and standard input, and by the API (through `apart`) for bodies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath

from app.errors import RepositoryError
from app.formats import naming
from app.lib import documents
from app.repos import archives
from app.repos.archives import DEFAULT, Bounds
from app.repos.memory import MemorySnapshot

PLACE = "file:///handed-over/"
"""Begins the URL of what lies in no repository."""
_ENDINGS = re.compile(r"\.(tar\.gz|tgz|tar|zip)$", re.IGNORECASE)


def snapshot_of(data: bytes, name: str, now: datetime, bounds: Bounds = DEFAULT) -> MemorySnapshot:
    """An archive's files, or one text under `name` (or what its content says it is).

    Raises RepositoryError with one sentence: the archive is refused, or nobody can tell what the text is.
    """
    if archives.is_archive(data):
        files = archives.unpacked(data, bounds)
        return of_files(files, _ENDINGS.sub("", PurePosixPath(name).name), now)
    path = name or naming.name_of(data)
    if not path:
        raise RepositoryError(_nameless(data), reason="unreadable", permanent=True)
    return of_files({archives.safe_path(path): data}, "", now)


def of_files(files: Mapping[str, bytes], name: str, now: datetime) -> MemorySnapshot:
    """Files by path, under a name that a made-up entity gets ("" for none)."""
    return MemorySnapshot(files, url=f"{PLACE}{name or NAMELESS}", now=now)


def _nameless(data: bytes) -> str:
    """Why nobody can tell what a text is; what was meant as YAML and is broken is told where."""
    error = documents.broken(data)
    return _NAMELESS if error is None else f"{_NAMELESS}; as YAML it breaks at {error}"


NAMELESS = "new"
_NAMELESS = (
    "nothing says what this text is: name it, such as main.tf, deployment.yaml or catalog-info.yaml "
    "(--stdin-name, or `name` in a request)"
)
