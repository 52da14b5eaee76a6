"""What one run of fixes proposes for an entity: files before and after, each step with its reason, what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.lib import times, unified_diff
from app.policy.model import Check, ScorecardResult
from app.remediation.model import Question, Refusal


@dataclass(frozen=True, slots=True)
class Step:
    """One check mended, or a skeleton laid for it. `outcome` is the check's when scored with the step in place.

    `whys`: path → what was done there. `kind`: fix or skeleton.
    """

    check: Check
    level: str
    weight: int
    kind: str
    outcome: str
    reason: str
    whys: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FileChange:
    """`before` None: the file is new. Both are the file's own characters. `owners`: for each line of `after` the steps
    that wrote it, by number; None for a line that was there. `executable`: the file is, and stays so."""

    path: str
    before: str | None
    after: str
    owners: tuple[int | None, ...]
    executable: bool = False

    @property
    def diff(self) -> str:
        return unified_diff.diff(self.path, self.before, self.after)


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk with the steps it belongs to. `line`: where it changes the new file."""

    path: str
    line: int
    text: str
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Something beside the diff, and the check it is about."""

    check: Check
    said: Any


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """`before` and `after` are the entity's results without and with the files changed."""

    entity: str
    title: str
    repository: str
    commit: str
    branch: str
    files: tuple[FileChange, ...] = ()
    steps: tuple[Step, ...] = ()
    questions: tuple[Told, ...] = ()
    refusals: tuple[Told, ...] = ()
    notes: tuple[Told, ...] = ()
    unfixed: tuple[Told, ...] = ()
    """Checks that fail and that no fix is made for, with the reason."""
    before: tuple[ScorecardResult, ...] = ()
    after: tuple[ScorecardResult, ...] = field(default=())

    @property
    def diff(self) -> str:
        """One text for `git apply`."""
        return "".join(change.diff for change in self.files)

    def hunks(self) -> Iterator[Hunk]:
        for change in self.files:
            touching = tuple(i for i, step in enumerate(self.steps) if change.path in step.whys)
            for hunk in unified_diff.hunks(change.before or "", change.after):
                owners = {change.owners[line - 1] for line in hunk.added if line <= len(change.owners)} - {None}
                steps = tuple(sorted(owner for owner in owners if owner is not None)) or touching
                yield Hunk(change.path, hunk.start, hunk.text, steps)


def owners_after(owners: Sequence[int | None], before: str, after: str, step: int) -> tuple[int | None, ...]:
    """Whose each line is once a step has changed the text."""
    found: list[int | None] = []
    for tag, old_start, old_end, new_start, new_end in unified_diff.opcodes(before, after):
        found += owners[old_start:old_end] if tag == "equal" else [step] * (new_end - new_start)
    return tuple(found)


def to_json(proposal: Proposal) -> dict[str, Any]:
    """As the API and `fix --format json` tell of it."""
    return {
        "entity": proposal.entity,
        "repository": proposal.repository or None,
        "commit": proposal.commit or None,
        "branch": proposal.branch or None,
        "diff": proposal.diff,
        "files": [{"path": one.path, "new": one.before is None} for one in proposal.files],
        "hunks": [
            {
                "path": hunk.path,
                "line": hunk.line,
                "checks": [proposal.steps[step].check.id for step in hunk.steps],
                "why": whys_of(proposal, hunk),
                "text": hunk.text,
            }
            for hunk in proposal.hunks()
        ],
        "steps": [step_json(step) for step in proposal.steps],
        "questions": [{"check": told.check.id, **question_json(told.said)} for told in proposal.questions],
        "refusals": [{"check": told.check.id, **refusal_json(told.said)} for told in proposal.refusals],
        "notes": [{"check": told.check.id, "text": told.said} for told in proposal.notes],
        "unfixed": [{"check": told.check.id, "why": told.said} for told in proposal.unfixed],
        "levels": levels_json(proposal),
    }


_OF_NEWBORNS = ("diff", "files", "hunks", "steps", "questions", "refusals", "notes", "unfixed")


def without_levels(proposal: Proposal) -> dict[str, Any]:
    """The same of what lies in no repository yet: its results stand beside it already."""
    return {key: value for key, value in to_json(proposal).items() if key in _OF_NEWBORNS}


def step_json(step: Step) -> dict[str, Any]:
    return {
        "check": step.check.id,
        "title": step.check.title,
        "level": step.level,
        "weight": step.weight,
        "kind": step.kind,
        "outcome": step.outcome,
        "reason": step.reason,
        "why": step.check.why,
        "source": step.check.source,
        "effort": times.format_duration(step.check.effort),
        "files": sorted(step.whys),
    }


def question_json(question: Question) -> dict[str, Any]:
    return {"key": question.key, "text": question.text, "suggestions": list(question.suggestions)}


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    return {"path": refusal.path or None, "line": refusal.line or None, "why": refusal.why}


def whys_of(proposal: Proposal, hunk: Hunk) -> list[str]:
    """What the steps of a hunk did in its file."""
    return list(dict.fromkeys(why for step in hunk.steps for why in proposal.steps[step].whys.get(hunk.path, ())))


def levels_json(proposal: Proposal) -> list[dict[str, Any]]:
    after = {result.scorecard.id: result for result in proposal.after}
    return [
        {
            "scorecard": result.scorecard.id,
            "before": result.level,
            "after": after[result.scorecard.id].level if result.scorecard.id in after else None,
            "possible_before": result.level_possible,
            "possible_after": after[result.scorecard.id].level_possible if result.scorecard.id in after else None,
            "score_before": None if result.score is None else round(result.score, 4),
            "score_after": _score(after.get(result.scorecard.id)),
        }
        for result in proposal.before
    ]


def _score(result: ScorecardResult | None) -> float | None:
    return None if result is None or result.score is None else round(result.score, 4)
