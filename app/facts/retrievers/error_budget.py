"""Error-budget policies: the entity's own document, or that of the nearest system, owner or domain that has one."""

from __future__ import annotations

from datetime import datetime

from app.attribution import inheritance
from app.catalog.model import Entity
from app.facts.groups import SCHEMA
from app.facts.inventory import Found
from app.facts.model import Reason
from app.facts.seen import Item, Seen, due_at, place_of, unreadable_items
from app.facts.world import World
from app.formats import kinds
from app.formats.model import Runbook

FACT = "error_budget.policies"


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    places = world.unreadable(entity.ref, "error_budget")
    seen.found(places)
    seen.values["error_budget.unreadable"] = unreadable_items(places)
    for giver in (entity, *inheritance.givers(entity, world.catalog, SCHEMA["error_budget"].inherit)):
        documents = [found for found in world.objects(giver.ref, Runbook.kind) if _is_policy(found)]
        seen.found(documents)
        if documents:
            seen.values[FACT] = [_item(found) for found in documents]
            if giver.ref != entity.ref:
                seen.given_by[FACT] = str(giver.ref)
            return seen
    if world.catalog_complete:
        seen.values[FACT] = []
    else:
        seen.unseen(FACT, Reason.NOT_CONNECTED, "the system or the owner may have one; they are not known here")
    return seen


def _is_policy(found: Found) -> bool:
    thing = found.object
    return isinstance(thing, Runbook) and kinds.runbook_kind(found.path, thing) == "error-budget-policy"


def _item(found: Found) -> Item:
    policy = found.object
    assert isinstance(policy, Runbook)
    facts: Item = {
        "title": policy.title,
        "consequence": policy.consequence,
        "exceptions": policy.exceptions,
        "approver": policy.approver,
        "approved_at": policy.approved_at,
        "revisit_at": policy.revisit_at,
        "stub": policy.stub,
    }
    return place_of(found) | facts | due_at(policy.revisit_at)
