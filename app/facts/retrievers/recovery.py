"""Recovery objectives (RTO, RPO) and the last recovery on record: of the entity, else of its system or domain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from app.attribution import inheritance
from app.catalog.model import Entity
from app.facts import dated
from app.facts.groups import SCHEMA
from app.facts.model import Reason
from app.facts.seen import Item, Seen, entity_place, place_of
from app.facts.world import World, commit_of
from app.formats.model import Runbook
from app.lib.times import parse_duration

_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
_WORDS = re.compile(r"(\d+)\s*(m|minutes?|mins?|h|hours?|hrs?|d|days?|s|seconds?|secs?)\b", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MOST_MINUTES = 10**9
_ELSEWHERE = "it may be declared on the system, which is not known here"


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    givers = (entity, *inheritance.givers(entity, world.catalog, SCHEMA["recovery"].inherit))
    keys = {"rto": world.parameters.rto_keys, "rpo": world.parameters.rpo_keys}
    found = {name: _nearest(givers, name, wanted, world, seen) for name, wanted in keys.items()}
    seen.values["recovery.objectives"] = [item for items in found.values() for item in items]
    declared = [name for name, items in found.items() if any(item["minutes"] >= 0 for item in items)]
    seen.values["recovery.declared"] = declared
    if len(declared) < len(keys) and not world.catalog_complete and not any(found.values()):
        for name in ("objectives", "declared"):
            seen.unseen(f"recovery.{name}", Reason.NOT_CONNECTED, _ELSEWHERE)
    _tested(givers, world, seen, now)
    return seen


def _nearest(givers: Sequence[Entity], name: str, keys: Sequence[str], world: World, seen: Seen) -> list[Item]:
    """What the nearest entity declares that declares it at all."""
    for giver in givers:
        seen.looked_at(giver.repository, "", giver.path)
        if items := list(_of(giver, name, keys, world, seen)):
            return items
    return []


def _of(entity: Entity, name: str, keys: Sequence[str], world: World, seen: Seen) -> Iterator[Item]:
    for key in keys:
        if said := entity.annotations.get(key, "").strip():
            place = entity_place(entity, commit_of(entity, world), "metadata", "annotations", key)
            yield _item(name, key, said, entity) | {"ignored": ""} | place
    written = dated.names_of(keys)
    for found in world.objects(entity.ref, Runbook.kind):
        front = found.object.front_matter if isinstance(found.object, Runbook) and not found.ignored else {}
        for key in sorted(written & set(front)):
            seen.looked_at(found.repository, found.commit, found.path)
            yield place_of(found) | _item(name, key, front[key], entity)


def _item(name: str, key: str, said: str, entity: Entity) -> Item:
    return {"name": name, "key": key, "minutes": minutes_of(said), "entity": str(entity.ref)}


def minutes_of(said: str) -> int:
    """A duration (`4h`, `1h30m`, `4 hours`, `PT4H`, `0`) in minutes, rounded up; −1 for anything else."""
    text = said.strip()
    try:
        length = parse_duration(text.lower())
    except ValueError:
        length = _iso(text) or _spoken(text) or timedelta(seconds=-1)
    minutes = -(-int(length.total_seconds()) // 60) if length >= timedelta(0) else -1
    return min(minutes, _MOST_MINUTES)


def _iso(text: str) -> timedelta | None:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (min(int(part or 0), 10**6) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _spoken(text: str) -> timedelta | None:
    match = _WORDS.fullmatch(text)
    return timedelta(seconds=min(int(match[1]), 10**9) * _UNITS[match[2][0].lower()]) if match else None


def _tested(givers: Sequence[Entity], world: World, seen: Seen, now: datetime) -> None:
    """The latest recovery of the entity or of what it is part of. Where none is, but reports of them are promised, or
    expired, it is unknown."""
    keys = world.parameters.recovery_test_keys
    latest = max(dated.latest(giver, world, keys, seen, now) for giver in givers)
    seen.values["recovery.tested_at"] = latest
    if latest == dated.NEVER and (why := dated.untold(givers, world, keys, "drills", now)):
        seen.unseen("recovery.tested_at", why.reason, why.message)
