"""How changes are let in: the CI configurations of the entity's repository, whoever owns what in it."""

from __future__ import annotations

from datetime import datetime

from app.catalog.model import Entity
from app.facts.inventory import Found
from app.facts.model import Reason, Unknown
from app.facts.seen import Item, Seen, place_of, unreadable_items
from app.facts.world import World
from app.formats.model import Pipeline

FACT = "delivery.pipelines"


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    places = world.unreadable(entity.ref, "delivery")
    seen.values["delivery.unreadable"] = unreadable_items(places)
    view = world.repository(entity.repository) if entity.repository else None
    if view is None or isinstance(view, Unknown):
        why = view or Unknown(Reason.NOT_CONNECTED, "the entity's repository is not known")
        seen.unseen(FACT, why.reason, why.message)
        return seen
    found = view.pipelines()
    items = [_item(one) for one in found]
    seen.found(found)
    seen.values[FACT] = items
    elsewhere = next((key for key in world.parameters.pipeline_annotations if entity.annotations.get(key)), "")
    if not items and elsewhere:
        why_unseen = f"its pipeline is kept in another tool, says the annotation {elsewhere}"
        seen.unseen(FACT, Reason.NOT_CONNECTED, why_unseen)
    return seen


def _item(found: Found) -> Item:
    one = found.object
    assert isinstance(one, Pipeline)
    item = place_of(found) | {
        "name": one.name,
        "system": one.system,
        "before_merge": one.before_merge,
        "tested": bool(one.tests),
        "tests": one.tests,
    }
    if why := one.unknown.get("tests"):
        del item["tested"], item["tests"]
        item["unknown"] = {"tested": why, "tests": why}
    return item
