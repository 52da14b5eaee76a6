"""Dates that stand for a proof made by people: a load test, a restore. In annotations, or a page's front matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.catalog.model import Entity
from app.facts.inventory import Found
from app.facts.model import Place, Reason, Unknown
from app.facts.pushed import DRILLS, Pushed, end_of, lapsed, live
from app.facts.seen import Seen, entity_place
from app.facts.world import World, commit_of
from app.formats.model import Runbook
from app.lib.times import parse_instant

REPORTED = "reported"
"""Written instead of a date: each proof is reported with its day, so that its absence is not known to be one."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "no date is on record", so that rules compare it like any other."""


@dataclass(frozen=True, slots=True)
class Dated:
    """One date on record, and where."""

    key: str
    at: datetime
    place: Place


def dates(entity: Entity, world: World, keys: Sequence[str], seen: Seen, now: datetime) -> list[Dated]:
    """Every date under one of `keys`: the entity's annotations, front matter of its documents, and reports."""
    documents = [found for found in world.objects(entity.ref, Runbook.kind) if not found.ignored]
    reports = live(world.pushed(entity.ref), DRILLS, now)
    found = [*_annotated(entity, commit_of(entity, world), keys), *_written(documents, keys), *_reported(reports, keys)]
    for one in found:
        seen.looked_at(one.place.repository, one.place.commit, one.place.path)
    for report in reports:
        if _tells(report, names_of(keys)):
            seen.holds_until(report.expires_at)
    return found


def latest(entity: Entity, world: World, keys: Sequence[str], seen: Seen, now: datetime) -> datetime:
    """The latest of those dates; NEVER where there is none."""
    return max((one.at for one in dates(entity, world, keys, seen, now)), default=NEVER)


def untold(entities: Sequence[Entity], world: World, keys: Sequence[str], what: str, now: datetime) -> Unknown | None:
    """Why the lack of a date proves nothing: its last report expired, or an annotation says that it is reported,
    wherever the reports are. None where neither is so. `what` (restores, drills) says what is dated."""
    names = names_of(keys)
    past = [
        report for one in entities for report in lapsed(world.pushed(one.ref), DRILLS, now) if _tells(report, names)
    ]
    if past:
        return Unknown(Reason.EXPIRED, end_of(past[0]))
    if any(one.annotations.get(key, "").strip().lower() == REPORTED for one in entities for key in keys):
        return Unknown(Reason.NOT_CONNECTED, f"its {what} are reported, and no report is here")
    return None


def _tells(report: Pushed, names: set[str]) -> bool:
    return any(drill["proof"] in names for drill in report.data["drills"])


def _reported(reports: Iterable[Pushed], keys: Sequence[str]) -> list[Dated]:
    """Drills that were reported; their names are those of front matter."""
    names = names_of(keys)
    return [
        Dated(drill["proof"], at, Place(repository=report.origin, url=drill.get("url", report.url)))
        for report in reports
        for drill in report.data["drills"]
        if drill["proof"] in names and (at := _instant(drill["at"])) is not None
    ]


def _annotated(entity: Entity, commit: str, keys: Iterable[str]) -> list[Dated]:
    found = []
    for key in keys:
        at = _instant(entity.annotations.get(key, ""))
        if at is not None:
            found.append(Dated(key, at, Place(**entity_place(entity, commit, "metadata", "annotations", key))))
    return found


def _written(documents: Iterable[Found], keys: Sequence[str]) -> list[Dated]:
    """Front matter may write the key's last part alone: `load-tested-at` or `load_tested_at`."""
    names = names_of(keys)
    found = []
    for one in documents:
        written = one.object.front_matter if isinstance(one.object, Runbook) else {}
        for name in names & set(written):
            at = _instant(written[name])
            if at is not None:
                found.append(Dated(name, at, Place(one.repository, one.commit, one.path, 1)))
    return found


def names_of(keys: Sequence[str]) -> set[str]:
    """How front matter and reports may write these keys."""
    return {name for key in keys for name in (key, key.rpartition("/")[2], key.rpartition("/")[2].replace("-", "_"))}


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text.strip()) if text.strip() else None
    except (ValueError, OverflowError):
        return None
