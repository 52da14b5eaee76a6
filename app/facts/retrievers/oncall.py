"""How someone is paged: annotations of the entity, or of the nearest system, owner or domain that has some."""

from __future__ import annotations

import re
from datetime import datetime

from app.attribution import inheritance
from app.catalog.model import Entity
from app.facts.groups import SCHEMA
from app.facts.model import Reason
from app.facts.seen import Item, Seen, entity_place
from app.facts.world import World

PLACEHOLDER = re.compile(r"(?i)\W*(todo|tbd|fixme|none|n/?a|null|unknown|change-?me|x{3,}|your[-_ ].*|\$\{.*|<.*>)?\W*")
FACT = "oncall.bindings"


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    for live in ("escalation_levels", "schedule_users"):
        seen.unseen(f"oncall.{live}", Reason.NOT_CONNECTED, "no paging tool is connected")
    for giver in (entity, *inheritance.givers(entity, world.catalog, SCHEMA["oncall"].inherit)):
        seen.looked_at(giver.repository, "", giver.path)
        items = _bindings(giver, world)
        if items:
            seen.values[FACT] = items
            if giver.ref != entity.ref:
                seen.given_by[FACT] = str(giver.ref)
            return seen
    if world.catalog_complete:
        seen.values[FACT] = []
    else:
        why = "it may be declared on the system or the owner, which are not known here"
        seen.unseen(FACT, Reason.NOT_CONNECTED, why)
    return seen


def _bindings(giver: Entity, world: World) -> list[Item]:
    """One item an annotation; the value is looked at, and never kept."""
    secrets = world.parameters.paging_secrets
    tools = {**world.parameters.paging_tools, **secrets}
    return [
        entity_place(giver, "", "metadata", "annotations", key)
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
