"""Paths in a repository, as git writes them: `a/b.yaml`, the root as ""."""

from __future__ import annotations

from collections.abc import Iterable


def folders(paths: Iterable[str]) -> frozenset[str]:
    """Every folder that holds one of these files, at any depth, the root included.

    A folder seen before ends the walk upwards: a repository of 100,000 files asks a few times a folder, not a file.
    """
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(found)
