"""Writing drafted files into a working tree: never outside of it, never through a link, never over unsaved work."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from app.errors import RepositoryError
from app.repos.worktree import WorkingTree

_PREFIX, _SUFFIX = ".roadworthy-", ".part"
_OURS_NO_MORE = 60.0
"""Seconds after which what is beside a file is no other run's work."""


def write_files(tree: WorkingTree, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Writes all of them or, where one may not be, none. Raises RepositoryError.

    A file with uncommitted changes is refused unless `force`: what a person has not saved can't be had back. Whoever is
    killed on the way leaves every file whole, the old one or the new one.
    """
    refused = [f"{path}: {why}" for path in sorted(files) if (why := _refused(tree, path, force))]
    if refused:
        raise _stopped(f"nothing was written: {'; '.join(refused)}")
    staged: list[tuple[str, Path]] = []
    written = 0
    try:
        for path, data in files.items():
            place = tree.root / path
            _tidy(place.parent)
            staged.append((_staged(place, data), place))
        for name, place in staged:  # in one step each: whoever reads meanwhile sees the old or the new content
            os.replace(name, place)
            written += 1
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        told = f"{written} of {len(files)} files were" if written else "nothing was"
        raise _stopped(f"{told} written: {why}") from None
    finally:
        for name, _ in staged:
            Path(name).unlink(missing_ok=True)


def _stopped(why: str) -> RepositoryError:
    return RepositoryError(why, reason="source_failing", permanent=True)


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
    if place.exists() and not place.stat().st_mode & 0o222:
        return "it is read-only"
    if not force and place.exists() and tree.is_changed(path):
        return "it has uncommitted changes (commit them, or use --force)"
    return ""


def _staged(place: Path, data: bytes) -> str:
    """The content in a file beside its place, with the mode it will have."""
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=_PREFIX, suffix=_SUFFIX)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), mode)
    return name


def _tidy(folder: Path) -> None:
    """Takes away what a run that was killed has left beside the files."""
    for left in folder.glob(f"{_PREFIX}*{_SUFFIX}") if folder.is_dir() else ():
        if time.time() - left.stat().st_mtime > _OURS_NO_MORE:
            left.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
