"""What the catalog's reader may ask of one repository, and where in it a target points."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from app.lib import forge_urls


@dataclass(frozen=True, slots=True)
class Files:
    """What the reader may ask of the repository. `text` gives a small file's text, or None."""

    repository: str
    paths: frozenset[str]
    text: Callable[[str], str | None]
    ignored: Callable[[str], str]


def inside(target: str, path: str, repository: str) -> str | None:
    """A target's path in this repository, or None when it lies elsewhere."""
    if "://" in target:
        place = forge_urls.split(target)
        return place.path if place and place.repository.lower() == repository.lower() else None
    joined = posixpath.normpath(
        posixpath.join(posixpath.dirname(path), target.lstrip("/") if target.startswith("/") else target)
    )
    return None if joined.startswith("..") else joined
