"""Fixes as a developer applies them: a real repository, the diff through `git apply`, and everything scored again."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from app.pipeline.check import check
from app.pipeline.fixing_here import fix_here
from app.policy.model import Outcome, Policy
from app.remediation.proposal import Proposal
from app.repos.author import Commit, write
from app.repos.git import Git
from app.repos.worktree import WorkingTree

TEAM = """---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team, title: The team, annotations: {slack.com/channel: team-help, github.com/team-slug: acme/team}}
spec: {type: team, children: [], members: [ada, bob], profile: {email: team@acme.example}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada}
spec: {memberOf: [team]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: bob}
spec: {memberOf: [team]}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: store}
spec: {owner: team}
"""


def descriptor(kind: str = "Component", type_: str = "service", *, extra: str = "", metadata: str = "") -> str:
    """An entity with nothing to complain about, and what stands around it."""
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: shop\n"
        "  description: Sells things to the people of Acme.\n"
        f"  labels:\n    tier: t2\n{metadata}spec:\n  type: {type_}\n  lifecycle: production\n"
        f"  owner: group:default/team\n  system: store\n{extra}{TEAM}"
    )


@dataclass
class Mended:
    """What came of one run. `before` and `after`: (scorecard, check) → outcome, scored by `check` itself."""

    folder: Path
    proposal: Proposal
    diff: str
    before: dict[tuple[str, str], Outcome]
    after: dict[tuple[str, str], Outcome]
    again: str
    """The diff of a second run."""
    reasons: dict[str, str] = field(default_factory=dict)

    def outcome(self, check_id: str) -> Outcome:
        return next(outcome for (_, name), outcome in self.after.items() if name == check_id)

    def was(self, check_id: str) -> Outcome:
        return next(outcome for (_, name), outcome in self.before.items() if name == check_id)

    @property
    def worse(self) -> set[str]:
        return {
            name
            for (card, name), outcome in self.after.items()
            if self.before.get((card, name)) is Outcome.PASS and outcome is not Outcome.PASS
        }

    def text(self, path: str) -> str:
        return (self.folder / path).read_bytes().decode()


class Workbench:
    """Makes repositories in a folder, and mends them."""

    def __init__(self, folder: Path, policy: Policy, now: datetime, git: Git) -> None:
        self.folder, self.policy, self.now, self.git = folder, policy, now, git

    def repository(self, files: dict[str, str | bytes], origin: str = "https://github.com/acme/shop") -> Path:
        place = self.folder / f"shop-{len(list(self.folder.iterdir()))}"
        content = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
        write(place, [Commit(self.now - timedelta(days=5), content)], bare=False, origin=origin)
        return place

    def outcomes(self, place: Path, entity: str = "") -> dict[tuple[str, str], Outcome]:
        report = check(WorkingTree(place, self.git), self.policy, self.now, entity=entity)
        return {
            (card.scorecard.id, one.check.id): one.raw
            for judged in report.judged
            for card in judged.results
            for one in card.checks
        }

    def fix(self, place: Path, *checks: str, **options: object) -> tuple[list[Proposal], str]:
        proposals, _ = fix_here(WorkingTree(place, self.git), self.policy, self.now, checks=checks, **options)
        return proposals, "".join(one.diff for one in proposals)

    def mend(
        self,
        files: dict[str, str | bytes],
        *checks: str,
        answers: dict[str, str] | None = None,
        entity: str = "component:default/shop",
        origin: str = "https://github.com/acme/shop",
    ) -> Mended:
        """Fixes, applies and scores again; then fixes once more, which must find nothing left to do."""
        place = self.repository(files, origin)
        before = self.outcomes(place, entity)
        proposals, diff = self.fix(place, *checks, answers=answers or {}, entity=entity)
        if diff:
            applied(place, diff)
            committed(place, self.now)
        after = self.outcomes(place, entity)
        _, again = self.fix(place, *checks, answers=answers or {}, entity=entity)
        return Mended(place, proposals[0], diff, before, after, again)


def committed(place: Path, at: datetime) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"]
    dates = {"GIT_AUTHOR_DATE": at.isoformat(), "GIT_COMMITTER_DATE": at.isoformat()}
    for run in (["add", "-A"], ["commit", "-qm", "Mend"]):
        subprocess.run(["git", *who, *run], cwd=place, check=True, env={**os.environ, **dates})


def applied(place: Path, diff: str) -> None:
    """`git apply`, which refuses what does not fit to the letter."""
    for mode in (["--check"], []):
        done = subprocess.run(
            ["git", "apply", *mode, "-"], cwd=place, input=diff.encode("utf-8", "surrogateescape"), capture_output=True
        )
        assert done.returncode == 0, f"{done.stderr.decode()}\n{diff}"
