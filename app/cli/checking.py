"""What `check` looks at and measures against: a tree, an archive, a file or standard input; a baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from app.errors import DocumentError, RepositoryError
from app.pipeline import handed
from app.pipeline.check import Report
from app.policy import baseline
from app.policy.compare import Judgings
from app.policy.model import Policy
from app.repos.git import Git
from app.repos.model import Snapshot
from app.repos.worktree import WorkingTree

MOST_BYTES = 64 * 1024 * 1024
"""Of a file or of standard input."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is to be checked. `folder` narrows to a part of the tree; `unborn`: it lies in no repository."""

    snapshot: Snapshot
    folder: str
    unborn: bool


def look(path: Path, stdin: BinaryIO, stdin_name: str, git: Git, now: datetime) -> Looked:
    """`-` reads standard input, a file is an archive or one text, a folder is a tree. Raises RepositoryError."""
    if str(path) == "-":
        return Looked(handed.snapshot_of(_bounded(stdin, "standard input"), stdin_name, now), "", True)
    if path.is_file():
        with path.open("rb") as opened:
            return Looked(handed.snapshot_of(_bounded(opened, str(path)), path.name, now), "", True)
    tree = WorkingTree(path, git)
    inside = path.resolve().relative_to(tree.root).as_posix()
    return Looked(tree, "" if inside == "." else inside, not tree.has_git)


def _bounded(stream: BinaryIO, what: str) -> bytes:
    data = stream.read(MOST_BYTES + 1)
    if not data.strip():
        raise RepositoryError(f"{what} holds nothing", reason="unreadable", permanent=True)
    if len(data) > MOST_BYTES:
        message = f"{what} holds more than {MOST_BYTES // (1024 * 1024)} MiB"
        raise RepositoryError(message, reason="unreadable", permanent=True)
    return data


def before(named: str, looked: Looked, policy: Policy, again: Callable[[Snapshot], Report]) -> Judgings | None:
    """What a baseline says: a file that `--write-baseline` wrote, else a branch, tag or commit, judged anew.

    None for HEAD before the first commit: there is nothing to be worse than, and a hook must let that commit be.
    """
    file = Path(named)
    if file.is_file():
        try:
            return baseline.load(file.read_text("utf-8"), policy, looked.snapshot.url)
        except (DocumentError, UnicodeDecodeError) as error:
            message = error.message if isinstance(error, DocumentError) else "no text"
            raise click.BadParameter(f"{named} is {message}", param_hint="--baseline") from None
    if not isinstance(looked.snapshot, WorkingTree) or not looked.snapshot.has_git:
        raise click.BadParameter(
            f"{named} is no file, and only a git repository has branches and commits", param_hint="--baseline"
        )
    if named == "HEAD" and looked.snapshot.is_unborn:
        return None
    return again(looked.snapshot.at(named)).judgings


def write(file: Path, report: Report) -> None:
    """The baseline of what was found now."""
    file.write_text(baseline.dump(report.judgings, report.inventory.url), "utf-8")
