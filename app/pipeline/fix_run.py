"""One entity's fixes while they are tried: what is known so far, what a fix is given, and what comes of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.catalog.model import EntityRef
from app.facts.inventory import Inventory
from app.facts.model import Facts
from app.facts.world import World
from app.lib.line_endings import Lines
from app.lib.splices import Splice, splice
from app.lib.yaml_edits import Uneditable
from app.pipeline.drafts import Drafts
from app.pipeline.scoring import Judged, parameters_of
from app.policy.failing import failing
from app.policy.model import CheckResult, Policy, Scorecard
from app.remediation.model import Case, Edit, Fix, NewFile, Note, Question, Refusal
from app.remediation.proposal import Step, Told
from app.repos.model import Snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """One entity as a snapshot shows it: what is scored, and what it is scored from."""

    inventory: Inventory
    world: World
    judged: Judged
    forge: str = ""


Bench = Callable[[Snapshot, EntityRef], Look | None]
"""Scores an entity as a snapshot has it; None when the snapshot does not have it."""


@dataclass
class Run:
    """One entity and its fixes so far. `look`: with the `drafts` as they are. `owners`: path → whose each line is."""

    bench: Bench
    policy: Policy
    ref: EntityRef
    now: datetime
    answers: Mapping[str, str]
    drafts: Drafts
    look: Look
    steps: list[Step] = field(default_factory=list)
    owners: dict[str, tuple[int | None, ...]] = field(default_factory=dict)
    told: dict[str, dict[tuple[str, str], Told]] = field(default_factory=dict)

    def say(self, kind: str, check: CheckResult, said: object) -> None:
        found = self.told.setdefault(kind, {})
        if isinstance(said, Question) and any(
            isinstance(o.said, Question) and o.said.key == said.key for o in found.values()
        ):
            return  # one answer serves every check that asks for it
        found.setdefault((check.check.id, repr(said)), Told(check.check, said))


def answers_of(
    run: Run, case: Case, result: CheckResult, fix: Fix
) -> tuple[dict[str, tuple[str, ...]], dict[str, Lines]]:
    """What a fix says, its edits applied: path → why, and path → the text with them. What else it says is kept."""
    splices: dict[str, list[Splice]] = {}
    files: dict[str, Lines] = {}
    whys: dict[str, list[str]] = {}
    try:
        said = list(fix(case))
    except Uneditable as error:
        said = [Refusal(error.path, error.line, error.why)]
    barred = [one for one in said if isinstance(one, NewFile) and run.drafts.refuses(one.path)]
    for made in barred:
        why = run.drafts.refuses(made.path)
        run.say("refusals", result, Refusal(made.path, 0, f"no file can be made there: {why}"))
    if barred:  # the rest may lead to what can't be made: all of it, or nothing
        said = [one for one in said if not isinstance(one, Edit | NewFile)]
    for one in said:
        if isinstance(one, Edit) and one.splices:
            splices.setdefault(one.path, []).extend(one.splices)
            whys.setdefault(one.path, []).append(one.why)
        elif isinstance(one, NewFile):
            files[one.path] = Lines(one.text)
            whys.setdefault(one.path, []).append(one.why)
        elif isinstance(one, Question):
            run.say("questions", result, one)
        elif isinstance(one, Refusal):
            run.say("refusals", result, one)
        elif isinstance(one, Note):
            run.say("notes", result, one.text)
    for path, edits in splices.items():
        lines = run.drafts.lines(path)
        try:
            text = splice(lines.text, dict.fromkeys(edits))
        except ValueError:
            run.say("refusals", result, Refusal(path, 0, "what it needs in one place is needed there in two ways"))
            continue
        if text != lines.text:
            files[path] = lines.with_text(text)
    return {path: tuple(dict.fromkeys(whys[path])) for path in files}, files


def case_of(run: Run, card: Scorecard, result: CheckResult) -> Case:
    look = run.look
    facts = Facts.merge(look.judged.fact_sets, run.now)
    found = failing(run.policy, card, look.judged.subject, facts, run.now, result.check.id)
    url = look.inventory.url
    items = tuple(item for item in found.items if item.get("repository") in (url, "", None))
    for item in found.items:
        if item not in items:
            why = f"it stands in {item.get('repository')}, which is mended there"
            run.say("refusals", result, Refusal(str(item.get("path", "")), int(item.get("line") or 0), why))
    return Case(
        entity=look.judged.entity,
        subject=look.judged.subject,
        check=result.check,
        params=found.parameters,
        items=items,
        facts=facts,
        world=look.world,
        parameters=parameters_of(run.policy),
        files=run.drafts,
        url=url,
        branch=look.inventory.branch,
        now=run.now,
        forge=look.forge,
        answers=run.answers,
        settings=run.policy.settings,
    )
