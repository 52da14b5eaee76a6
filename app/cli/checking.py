"""What `check` looks at and measures against: a tree, an archive, a file or standard input; a baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from app.cli import options
from app.errors import DocumentError, RepositoryError
from app.facts.groups import SCHEMA
from app.pipeline import handed, plans
from app.pipeline.check import Report, check
from app.policy import baseline
from app.policy.compare import Judgings
from app.policy.documents import load
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


class Asking:
    """By what is judged: a policy of one's own, or with a server its. `loaded` is the policy once something was."""

    def __init__(self, now: datetime, entity: str, policy: Path | None, server: str, token: str) -> None:
        self.now, self._entity, self._server, self._token = now, entity, server, token
        own = policy or not server
        self._loaded = load(policy or options.packaged_scorecards(), SCHEMA) if own else None

    @property
    def loaded(self) -> Policy:
        assert self._loaded is not None
        return self._loaded

    def report(self, looked: Looked, snapshot: Snapshot) -> Report:
        """What is found in a snapshot: the one looked at, or an older one of it."""
        where = {"folder": looked.folder, "entity": self._entity}
        if not self._server:
            return check(snapshot, self.loaded, self.now, unborn=looked.unborn, **where)
        from app.pipeline.remote_check import remote_check

        report, self._loaded = remote_check(
            snapshot, self._server, self._token, policy=self._loaded, unborn=looked.unborn, **where
        )
        return report

    def with_fixes(self, report: Report, looked: Looked) -> Report:
        """The report with the fix of what was handed over; a tree has the command `fix` instead."""
        if isinstance(looked.snapshot, WorkingTree):
            return report
        from app.pipeline.fixing_here import fix_here
        from app.remediation.proposal import without_levels

        proposals, _ = fix_here(looked.snapshot, self.loaded, self.now, entity=self._entity, unborn=True)
        return replace(report, fixes={one.entity: without_levels(one) for one in proposals})


def towards(report: Report, goal: str, policy: Policy) -> Report:
    """The same, with the level whose whole plan is to be shown. Raises BadParameter for one that does not exist."""
    known = plans.goals_of(policy, [{"id": card} for card in policy.scorecards])
    if goal and goal not in known:
        raise click.BadParameter(f"{goal} is no level; known are {', '.join(known)}", param_hint="--to")
    return replace(report, goal=goal)


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


def before(named: str, looked: Looked, asking: Asking) -> Judgings | None:
    """What a baseline says: a file that `--write-baseline` wrote, else a branch, tag or commit, judged anew.

    None for HEAD before the first commit: there is nothing to be worse than, and a hook must let that commit be.
    """
    file = Path(named)
    if file.is_file():
        try:
            return baseline.load(file.read_text("utf-8"), asking.loaded, looked.snapshot.url)
        except (DocumentError, UnicodeDecodeError) as error:
            message = error.message if isinstance(error, DocumentError) else "no text"
            raise click.BadParameter(f"{named} is {message}", param_hint="--baseline") from None
    if not isinstance(looked.snapshot, WorkingTree) or not looked.snapshot.has_git:
        raise click.BadParameter(
            f"{named} is no file, and only a git repository has branches and commits", param_hint="--baseline"
        )
    if named == "HEAD" and looked.snapshot.is_unborn:
        return None
    return asking.report(looked, looked.snapshot.at(named)).judgings


def write(file: Path, report: Report) -> None:
    """The baseline of what was found now."""
    file.write_text(baseline.dump(report.judgings, report.inventory.url), "utf-8")
