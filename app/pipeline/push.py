"""Takes a report: reads what was rendered, keeps it, and makes due whom it concerns. Nothing is judged here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.catalog.model import EntityRef
from app.errors import RoadworthyError, StaleError
from app.facts import codec
from app.facts.dated import names_of
from app.facts.inventory import Inventory, take
from app.facts.push_schemas import LIVES, LONGEST, problems
from app.facts.pushed import DRILLS, ONCALL, RENDERED, Pushed
from app.lib import documents
from app.lib.times import format_instant
from app.pipeline.services import Pipeline
from app.repos.texts import Texts
from app.store.pushes import Answer, Keyed

SKEW = timedelta(minutes=5)
_GIVERS = ("group", "system", "domain")
_INHERITED = (ONCALL, DRILLS)
_DEEPEST = 6


class PushError(RoadworthyError):
    """A report can't be taken. `problems`: place in it → what is wrong there."""

    def __init__(self, message: str, found: Mapping[str, list[str]]) -> None:
        super().__init__(message)
        self.problems = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it came. `data` None takes back what this source told; `observed_at` None means now."""

    entity: EntityRef
    group: str
    source: str
    data: Any
    by: str
    observed_at: datetime | None = None
    life: timedelta | None = None
    url: str = ""
    commit: str = ""
    key: str = ""


def push(pipeline: Pipeline, report: Report) -> Answer:
    """Keeps a report. Raises PushError for what makes no sense, StaleError when a newer one is here."""
    now = pipeline.clock()
    concerned = _concerned(pipeline, report.entity, report.group)
    keyed = Keyed(report.by, report.key, _digest(report)) if report.key else None
    told = {"entity": str(report.entity), "group": report.group, "source": report.source}
    if report.data is None:
        nothing = {**told, "observed_at": None, "expires_at": None}
        return pipeline.store.pushes.withdraw(
            report.entity, report.group, report.source, concerned, nothing, now, keyed
        )
    kept = _read(report, proofs(pipeline), now)
    times = {"observed_at": format_instant(kept.observed_at), "expires_at": format_instant(kept.expires_at)}
    answer = pipeline.store.pushes.put(report.entity, kept, concerned, {**told, **times}, now, keyed)
    if answer is None:
        raise StaleError("A newer report of this source is here already.")
    return answer


def forget(pipeline: Pipeline, before: datetime) -> int:
    """Forgets reports that expired before an instant; what they told is then not even known to have been told."""
    pushes = pipeline.store.pushes
    concerned = {ref for entity, group in pushes.expired(before) for ref in _concerned(pipeline, entity, group)}
    return pushes.prune(before, concerned, pipeline.clock())


def proofs(pipeline: Pipeline) -> list[str]:
    """How a report may name what policy wants a date of: a whole key, or its end."""
    known = pipeline.parameters
    return sorted(names_of((*known.load_test_keys, *known.restore_test_keys, *known.recovery_test_keys)))


def _read(report: Report, known: Sequence[str], now: datetime) -> Pushed:
    observed = report.observed_at or now
    life = LIVES[report.group] if report.life is None else report.life
    wrong = problems(report.group, report.data, known)
    if wrong:
        raise PushError(
            "The data does not fit the group's schema.", {f"/data{p}".rstrip("/"): m for p, m in wrong.items()}
        )
    if observed > now + SKEW:
        raise PushError("It was observed in the future.", {"/observed_at": ["lies in the future"]})
    if not timedelta(0) < life <= LONGEST or observed + life <= now:
        raise PushError("It would hold no longer.", {"/ttl": [f"must end after now, and within {LONGEST.days}d"]})
    return Pushed(
        group=report.group,
        source=report.source,
        data=_rendered(report) if report.group == RENDERED else report.data,
        observed_at=observed,
        expires_at=observed + life,
        by=report.by,
        url=report.url,
        commit=report.commit,
    )


def _rendered(report: Report) -> dict[str, Any]:
    """Objects instead of text: readers drop secret values, so nothing else is ever kept."""
    files = {one["path"]: one["text"].encode("utf-8", "replace") for one in report.data["files"]}
    inventory = take(Texts(f"report:{report.source}", report.commit, files))
    objects = [
        [one.path, one.ignored, one.object.kind, codec.encode(one.object)]
        for one in inventory.found
        if one.object.kind != "runbook"
    ]
    if unread := _unread(inventory, files):
        raise PushError("Not all of it can be read.", {f"/data/files/{path}": [why] for path, why in unread.items()})
    if not objects:
        raise PushError("Nothing in it is of a known kind.", {"/data/files": ["hold no rule, objective or workload"]})
    return {"objects": objects, "replaces": report.data.get("replaces", [])}


def _unread(inventory: Inventory, files: Mapping[str, bytes]) -> dict[str, str]:
    """Path → where and why it can't be read. A broken text of no known kind would else be left out in silence."""
    unread = {place.path: f"line {place.line}: {place.reason}" for place in inventory.unreadable}
    doubtful = {problem.path for problem in inventory.problems} | (files.keys() - {one.path for one in inventory.found})
    for path in doubtful | unread.keys():
        if (error := documents.broken(files[path])) is not None:
            unread[path] = str(error)
    return dict(sorted(unread.items()))


def _concerned(pipeline: Pipeline, told_of: EntityRef, group: str) -> set[EntityRef]:
    """An entity, and whoever may inherit what was told of a group, system or domain."""
    found = {told_of}
    if group not in _INHERITED or told_of.kind not in _GIVERS:
        return found
    edge = {told_of}
    for _ in range(_DEEPEST):
        edge = pipeline.store.entities.related_to(edge) - found
        if not edge:
            break
        found |= edge
    return found


def _digest(report: Report) -> str:
    parts = {name: str(getattr(report, name)) for name in Report.__dataclass_fields__ if name not in ("data", "key")}
    text = json.dumps([parts, report.data], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
