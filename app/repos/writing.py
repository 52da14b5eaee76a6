"""Writing drafted files into a working tree: never outside of it, never through a link, never over unsaved work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.errors import RepositoryError
from app.repos.worktree import WorkingTree


def write_files(tree: WorkingTree, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Writes all of them or, where one may not be, none. Raises RepositoryError.

    A file with uncommitted changes is refused unless `force`: what a person has not saved can't be had back.
    """
    refused = [f"{path}: {why}" for path in sorted(files) if (why := _refused(tree, path, force))]
    if refused:
        raise RepositoryError("nothing was written: " + "; ".join(refused), reason="source_failing", permanent=True)
    for path, data in files.items():
        _write(tree.root / path, data)


def _refused(tree: WorkingTree, path: str, force: bool) -> str:
    place = tree.root / path
    if ".." in Path(path).parts or Path(path).is_absolute() or ".git" in Path(path).parts:
        return "it lies outside of the working tree"
    for one in (place, *place.parents):
        if one == tree.root:
            break
        if one.is_symlink():
            return "a symbolic link stands in its way"
    if place.exists() and not place.is_file():
        return "it is no file"
    if not force and place.exists() and tree.is_changed(path):
        return "it has uncommitted changes (commit them, or use --force)"
    return ""


def _write(place: Path, data: bytes) -> None:
    """In one step: whoever reads meanwhile sees the old or the new content. The file's mode stays."""
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".roadworthy-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, mode)
        os.replace(name, place)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
