"""How someone is paged: annotations of the entity, or of the nearest system, owner or domain that has some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from app.attribution import inheritance
from app.catalog.model import Entity
from app.facts.groups import SCHEMA
from app.facts.model import Place, Reason
from app.facts.pushed import ONCALL, end_of, lapsed, live
from app.facts.seen import Item, Seen, entity_place
from app.facts.world import World, commit_of

PLACEHOLDER = re.compile(r"(?i)\W*(todo|tbd|fixme|none|n/?a|null|unknown|change-?me|x{3,}|your[-_ ].*|\$\{.*|<.*>)?\W*")
FACT = "oncall.bindings"
LIVE = ("escalation_levels", "schedule_users")


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    givers = (entity, *inheritance.givers(entity, world.catalog, SCHEMA["oncall"].inherit))
    for name in LIVE:
        _reported_number(seen, name, entity, givers, world, now)
    for giver in givers:
        seen.looked_at(giver.repository, "", giver.path)
        items = [*_bindings(giver, world), *_reported_bindings(seen, giver, world, now)]
        if items:
            seen.values[FACT] = items
            if giver.ref != entity.ref:
                seen.given_by[FACT] = str(giver.ref)
            return seen
    if past := [one for giver in givers for one in lapsed(world.pushed(giver.ref), ONCALL, now)]:
        seen.unseen(FACT, Reason.EXPIRED, end_of(past[0]))
    elif world.catalog_complete:
        seen.values[FACT] = []
    else:
        why = "it may be declared on the system or the owner, which are not known here"
        seen.unseen(FACT, Reason.NOT_CONNECTED, why)
    return seen


def _reported_number(
    seen: Seen, name: str, entity: Entity, givers: Sequence[Entity], world: World, now: datetime
) -> None:
    """What the nearest report says; without one, whether there was one that expired."""
    fact, past = f"oncall.{name}", [one for giver in givers for one in world.pushed(giver.ref) if name in one.data]
    for giver in givers:
        for report in live(world.pushed(giver.ref), ONCALL, now):
            if name in report.data:
                seen.holds_until(report.expires_at)
                seen.values[fact] = report.data[name]
                seen.evidence[fact] = Place(repository=report.origin, url=report.url)
                if giver.ref != entity.ref:
                    seen.given_by[fact] = str(giver.ref)
                return
    if past:
        seen.unseen(fact, Reason.EXPIRED, end_of(max(past, key=lambda one: one.expires_at)))
        return
    seen.unseen(fact, Reason.NOT_CONNECTED, "no paging tool is connected")


def _reported_bindings(seen: Seen, giver: Entity, world: World, now: datetime) -> list[Item]:
    items = []
    for report in live(world.pushed(giver.ref), ONCALL, now):
        seen.holds_until(report.expires_at)
        place = {"repository": report.origin, "commit": report.commit, "path": "", "line": 0}
        plain = {"key": f"reported by {report.source}", "placeholder": False, "secret": False}
        items.append({**place, **plain, "provider": report.data["provider"], "entity": str(giver.ref)})
    return items


def _bindings(giver: Entity, world: World) -> list[Item]:
    """One item an annotation; the value is looked at, and never kept."""
    secrets = world.parameters.paging_secrets
    tools = {**world.parameters.paging_tools, **secrets}
    commit = commit_of(giver, world)
    return [
        entity_place(giver, commit, "metadata", "annotations", key)
        | {
            "provider": tools[key],
            "key": key,
            "placeholder": PLACEHOLDER.fullmatch(value.strip()) is not None,
            "secret": key in secrets,
            "entity": str(giver.ref),
        }
        for key, value in giver.annotations.items()
        if key in tools
    ]
