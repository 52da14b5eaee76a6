"""Runs fixes over a repository, one check after another, and scores it again after each.

What is scored is the snapshot with the changed files laid over it: nothing is written anywhere. So each step is known
to help before anyone sees it: a fix that makes another check worse is left out and told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from app.catalog.model import EntityRef
from app.lib.unified_diff import lines_of
from app.pipeline.drafts import Drafts
from app.pipeline.fix_run import Bench, Look, Run, answers_of, case_of
from app.pipeline.scoring import Judged
from app.policy.model import CheckResult, Outcome, Policy, Scorecard
from app.remediation import table
from app.remediation.model import Refusal
from app.remediation.proposal import FileChange, Proposal, Step, owners_after
from app.repos.model import Snapshot

PASSES = 2
"""Rounds over all checks: what one mends may open another."""


def propose(
    bench: Bench,
    snapshot: Snapshot,
    policy: Policy,
    ref: EntityRef,
    now: datetime,
    *,
    checks: Collection[str] = (),
    answers: Mapping[str, str] | None = None,
    drafts: Drafts | None = None,
) -> tuple[Proposal, Drafts] | None:
    """What can be mended of one entity; None when the snapshot does not have it.

    `checks` narrows to some (none named: all). `drafts`: files that fixes of another entity have changed already; they
    come back with this one's. Raises RepositoryError.
    """
    before = drafts or Drafts(snapshot, now)
    look = bench(before.overlay, ref)
    if look is None:
        return None
    run = Run(bench, policy, ref, now, answers or {}, before, look)
    wanted = _with_prerequisites(policy, checks)
    if checks and not wanted:  # none of them is asked any more: that is not all of them
        return _proposal(run, look, before), run.drafts
    for _ in range(PASSES):
        done = len(run.steps)
        for name in table.TABLE:
            _mend(run, name, wanted)
        if len(run.steps) == done:
            break
    _tell_unfixed(run, wanted)
    return _proposal(run, look, before), run.drafts


def _with_prerequisites(policy: Policy, checks: Collection[str]) -> set[str]:
    """The checks, and those that block them while they fail."""
    found: set[str] = set()
    stack = [name for name in checks if name in policy.checks]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += policy.checks[name].requires
    return found


def _mend(run: Run, name: str, checks: Collection[str]) -> None:
    """One remedy, for the check of its name or one whose document names it under `fix`."""
    remedy = table.TABLE[name]
    tried = (Outcome.FAIL, Outcome.UNKNOWN) if remedy.unseen else (Outcome.FAIL,)
    found = _failing(run.look.judged, name, tried)
    if found is None or (checks and found[1].check.id not in checks):
        return
    card, result = found
    if remedy.fix is None or result.blocked_by:
        return
    case = case_of(run, card, result)
    edits, files = answers_of(run, case, result, remedy.fix)
    if not files:
        return
    drafts = run.drafts.with_files(files)
    look = run.bench(drafts.overlay, run.ref)
    if look is None:
        run.say("refusals", result, Refusal("", 0, "with the fix the entity would no longer be found"))
        return
    if worse := [] if remedy.stricter else _worse(run.look.judged, look.judged, result.check.id):
        run.say("refusals", result, Refusal("", 0, f"the fix would make another check worse: {', '.join(worse)}"))
        return
    after = _result(look.judged, card, result.check.id)
    kind = "skeleton" if remedy.kind == "skeleton" else "fix"
    step = Step(result.check, result.level, result.weight, kind, str(after.raw), after.reason, edits)
    run.steps.append(step)
    for path, lines in files.items():
        old = run.drafts.known[path].raw if path in run.drafts.paths else ""
        owners = run.owners.get(path) or (None,) * len(lines_of(old))
        run.owners[path] = owners_after(owners, old, lines.raw, len(run.steps) - 1)
    run.drafts, run.look = drafts, look


def _failing(judged: Judged, name: str, outcomes: Collection[Outcome]) -> tuple[Scorecard, CheckResult] | None:
    """The check where it fails, by the first scorecard that says so."""
    for card in judged.results:
        for result in card.checks:
            if name in (result.check.id, result.check.fix) and result.outcome in outcomes:
                return card.scorecard, result
    return None


def _result(judged: Judged, card: Scorecard, name: str) -> CheckResult:
    return next(
        result
        for one in judged.results
        if one.scorecard.id == card.id
        for result in one.checks
        if result.check.id == name
    )


def _worse(before: Judged, after: Judged, but: str) -> list[str]:
    """Checks that passed and no longer do."""
    was = {(card.scorecard.id, one.check.id): one.raw for card in before.results for one in card.checks}
    return sorted(
        {
            one.check.id
            for card in after.results
            for one in card.checks
            if one.check.id != but
            and was.get((card.scorecard.id, one.check.id)) is Outcome.PASS
            and one.raw in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
        }
    )


def _tell_unfixed(run: Run, checks: Collection[str]) -> None:
    """Checks that still fail and that nobody said a word about."""
    spoken = {check for told in run.told.values() for check, _ in told}
    for card in run.look.judged.results:
        for result in card.checks:
            name = result.check.id
            if result.outcome is not Outcome.FAIL or result.blocked_by or (checks and name not in checks):
                continue
            remedy = table.TABLE.get(result.check.fix) or table.TABLE.get(name)
            if remedy is None:
                run.say("unfixed", result, "no fix is made for this check")
            elif remedy.why and name not in spoken and name not in {step.check.id for step in run.steps}:
                run.say("unfixed", result, remedy.why)


def _proposal(run: Run, look: Look, before: Drafts) -> Proposal:
    entity = look.judged.entity
    changed = sorted(path for path in run.owners if path in run.drafts.changed)
    files = [_change(run, before, path) for path in changed]
    open_ = {one.check.id for card in run.look.judged.results for one in card.checks if _is_open(one)}
    told = {kind: tuple(one for (check, _), one in found.items() if check in open_) for kind, found in run.told.items()}
    return Proposal(
        entity=str(run.ref),
        title=entity.title,
        repository=look.inventory.url,
        commit=look.inventory.commit,
        branch=look.inventory.branch,
        files=tuple(files),
        steps=tuple(run.steps),
        questions=told.get("questions", ()),
        refusals=told.get("refusals", ()),
        notes=tuple(run.told.get("notes", {}).values()),
        unfixed=told.get("unfixed", ()),
        before=look.judged.results,
        after=run.look.judged.results,
    )


def _is_open(result: CheckResult) -> bool:
    remedy = table.TABLE.get(result.check.id)
    return result.outcome is Outcome.FAIL or (
        result.outcome is Outcome.UNKNOWN and remedy is not None and remedy.unseen
    )


def _change(run: Run, before: Drafts, path: str) -> FileChange:
    there = before.entries.get(path)
    executable = there is not None and there.executable
    return FileChange(path, _was(before, path), run.drafts.known[path].raw, run.owners[path], executable)


def _was(before: Drafts, path: str) -> str | None:
    return before.lines(path).raw if path in before.paths else None
