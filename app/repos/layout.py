"""What a mirror's folder holds: an empty bare repository, one remote, and the commit that was fetched last.

A mirror's own configuration names no promisor: one that did would fetch absent blobs silently, one by one.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import git as gitpython

TIP = "refs/roadworthy/tip"
CHANGE = "refs/roadworthy/change"
_URL = re.compile(r'^\turl = "(.+)"$', re.MULTILINE)


def create(folder: Path, remote: str, *, sha256: bool = False) -> None:
    """An empty mirror of `remote`; it appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        pattern = _pattern("sha256" if sha256 else "sha1")
        for name in pattern.folders:
            (fresh / name).mkdir()
        for name, content in pattern.files.items():
            (fresh / name).write_bytes(content)
        point(fresh, remote, sha256=sha256)
        fresh.rename(folder)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def point(folder: Path, remote: str, *, sha256: bool) -> None:
    """Makes a mirror fetch from `remote`: its configuration is what git makes of an empty repository, and that."""
    url = remote.replace("\\", "\\\\").replace('"', '\\"')
    empty = _pattern("sha256" if sha256 else "sha1").files["config"]
    (folder / "config").write_bytes(empty + f'[remote "origin"]\n\turl = "{url}"\n'.encode())


def remote_of(folder: Path) -> str:
    """The remote a mirror was made for; "" when there is no mirror."""
    try:
        match = _URL.search((folder / "config").read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""
    return re.sub(r"\\(.)", r"\1", match[1]) if match else ""


def fetched(folder: Path) -> str:
    """The commit that was fetched last, with its history; "" when none was."""
    try:
        return (folder / TIP).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def adopt(clone: Path, folder: Path, remote: str, commit: str) -> None:
    """Makes a fresh bare clone of one branch the mirror `folder`, as if `commit` had been fetched into it."""
    point(clone, remote, sha256=len(commit) == 64)
    (clone / "packed-refs").unlink()
    (clone / TIP).parent.mkdir(parents=True, exist_ok=True)
    (clone / TIP).write_text(f"{commit}\n", "ascii")
    clone.rename(folder)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What `git init --bare` makes: folders, parents first, and files with their content."""

    folders: tuple[str, ...]
    files: Mapping[str, bytes]


@cache
def _pattern(object_format: str) -> _Pattern:
    """An empty bare repository, made once a process: each `git init` costs a process of its own."""
    with tempfile.TemporaryDirectory(prefix="roadworthy-empty-") as name:
        root = Path(name, "empty.git")
        environment = {"GIT_DIR": str(root), "GIT_OBJECT_DIRECTORY": str(root / "objects")}
        gitpython.Git(name).init(
            bare=True,
            template="",
            object_format=object_format,
            env=environment | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull},
        )
        paths = sorted(root.rglob("*"))
        return _Pattern(
            tuple(path.relative_to(root).as_posix() for path in paths if path.is_dir()),
            {path.relative_to(root).as_posix(): path.read_bytes() for path in paths if path.is_file()},
        )
