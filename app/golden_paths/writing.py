"""Writes a golden path's files: all of them, or none. Nothing that is there is ever overwritten."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.errors import GoldenPathError

_MAY_BE_THERE = frozenset((".git",))


def refuse_if_taken(folder: Path) -> None:
    """Raises GoldenPathError when `folder` holds more than an empty repository."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise GoldenPathError(f"{folder} is no folder")
    if folder.is_dir() and (there := sorted(one.name for one in folder.iterdir() if one.name not in _MAY_BE_THERE)):
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise GoldenPathError(f"{folder} holds {', '.join(there[:3])}{more} already: nothing is overwritten")


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Makes `folder` with the files, beside a `.git` if there is one. Raises GoldenPathError, leaving nothing."""
    refuse_if_taken(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise GoldenPathError(f"{folder} can't be made: {error.strerror}") from None
    try:
        for name, data in files.items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).write_bytes(data)
        staged.chmod(0o755)
        _move(staged, folder)
    except OSError as error:
        raise GoldenPathError(f"{folder} can't be written: {error.strerror}") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _move(staged: Path, folder: Path) -> None:
    """The whole folder in one step; into a repository entry by entry, taken back when one fails."""
    if not folder.exists() or not any(folder.iterdir()):
        staged.rename(folder)
        return
    moved: list[Path] = []
    try:
        for entry in sorted(staged.iterdir()):
            target = folder / entry.name
            if target.exists():
                raise GoldenPathError(f"{target} is there already: nothing is overwritten")
            entry.rename(target)
            moved.append(target)
    except BaseException:
        for target in moved:
            target.rename(staged / target.name)
        raise
