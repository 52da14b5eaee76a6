"""The first read of a repository: its default branch found and fetched over one connection instead of two."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.repos import layout
from app.repos.failures import GitFailure
from app.repos.git import Git

_HEAD = re.compile(r"ref: refs/heads/(.+)\n?")
_OPTIONS = ("--quiet", "--bare", "--no-tags", "--single-branch", "--template=", "--filter=blob:none")


def clone(
    git: Git, folder: Path, remote: str, *, before: Sequence[str], since: str, file_cap: int
) -> tuple[str, str] | None:
    """Makes `folder` a mirror of the default branch of `remote`, without blobs. Returns the branch and its commit.

    None where that is not enough: an odd HEAD, no commit `since` then, a server without partial clone, a repository
    that is empty or gone. Nothing is left behind then, and whoever asks step by step learns why. `before` are options
    of git itself. Raises RepositoryError where asking again would only wait as long again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    command = [*before, "clone", *_OPTIONS, f"--shallow-since={since}", "--", remote, "mirror"]
    try:
        git.run(command, folder=place, url=remote, file_cap=file_cap)
        tip = _tip(place / "mirror")
        if tip is not None:
            layout.adopt(place / "mirror", folder, remote, tip[1])
        return tip
    except GitFailure:
        return None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _tip(clone: Path) -> tuple[str, str] | None:
    """The branch that HEAD names, and its commit, as a fresh clone keeps them."""
    try:
        head = _HEAD.fullmatch((clone / "HEAD").read_bytes().decode("utf-8", "surrogateescape"))
        packed = (clone / "packed-refs").read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return None
    if head is None:
        return None
    refs = (line.split(" ", 1) for line in packed.splitlines() if not line.startswith(("#", "^")))
    commit = next((commit for commit, ref in refs if ref == f"refs/heads/{head[1]}"), "")
    return (head[1], commit) if commit else None
