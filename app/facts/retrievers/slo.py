"""Objectives kept as code, and the burn-rate alerts that guard them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from app.catalog.model import Entity
from app.facts.alert_items import objective_link
from app.facts.burn_join import Guard, guard
from app.facts.inventory import Found
from app.facts.model import Reason
from app.facts.seen import Item, Seen, place_of, unreadable_items, words
from app.facts.world import World
from app.formats import slo_common
from app.formats.model import AlertCondition, AlertPolicy, AlertRule, Indicator, Object, Objective, RecordingRule

SIGNALS = ("availability", "latency", "freshness")


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    seen.unseen("slo.live", Reason.NOT_CONNECTED, "no monitoring system is connected")
    objectives = joined_objectives(entity, world)
    alerts = world.objects(entity.ref, AlertRule.kind)
    recordings = world.objects(entity.ref, RecordingRule.kind)
    services = Counter(_service(found) for found in objectives if not found.ignored)
    items = []
    for found in objectives:
        assert isinstance(found.object, Objective)
        guarded = guard(found.object, services[_service(found)] == 1, alerts, recordings)
        items.append(objective_item(found, guarded))
    places = world.unreadable(entity.ref, "slo")
    seen.found([*objectives, *places])
    seen.values["slo.objectives"] = items
    seen.values["slo.unreadable"] = unreadable_items(places)
    _signals(seen, objectives, bool([place for place in places if not place.ignored]))
    return seen


def joined_objectives(entity: Entity, world: World) -> list[Found]:
    """The entity's objectives, with what separate alert policies, conditions and indicators add to them."""
    objectives = world.objects(entity.ref, Objective.kind)
    policies = _parts(entity, world, AlertPolicy)
    return slo_common.join(
        objectives, policies, _parts(entity, world, Indicator), _parts(entity, world, AlertCondition)
    )


T = TypeVar("T", bound=Object)


def _parts(entity: Entity, world: World, cls: type[T]) -> list[T]:
    return [f.object for f in world.objects(entity.ref, cls.kind) if isinstance(f.object, cls) and not f.ignored]


def objective_item(found: Found, guarded: Guard) -> Item:
    objective = found.object
    assert isinstance(objective, Objective)
    link = objective_link(objective)
    item = place_of(found) | {
        "name": objective.name,
        "slo": objective.slo,
        "format": objective.format,
        "service": objective.service,
        "objective_ratio": objective.ratio,
        "window": objective.window,
        "window_seconds": objective.window_seconds,
        "window_assumed": objective.window_assumed,
        "calendar": objective.calendar,
        "signal": objective.signal,
        "sli_valid": objective.sli_valid,
        "sli_error": objective.sli_error,
        "metrics": list(objective.metrics),
        "page_alert": objective.page_alert,
        "slow_alert": objective.slow_alert,
        "absence_alert": objective.absence_alert,
        "burn_windows": objective.burn_windows,
        "fast_pairs": guarded.fast,
        "slow_pairs": guarded.slow,
        "implausible_pairs": guarded.implausible,
        "burn_alerts": sorted({alert.object.name for alert in guarded.alerts if isinstance(alert.object, AlertRule)}),
        "description_words": words(objective.description),
        "problems": [f"{finding.code}: {finding.message}" for finding in objective.findings],
        "runbook": {"key": link.key, "value": link.value},
    }
    return _without_templated(item, objective)


_FIELDS = {
    "name": ("name",),
    "slo": ("slo",),
    "service": ("service",),
    "ratio": ("objective_ratio",),
    "objective": ("objective_ratio",),
    "target": ("objective_ratio",),
    "window": ("window", "window_seconds"),
    "sli": ("sli_valid",),
    "description": ("description_words",),
}
"""What a reader names as templated → the item's fields that are then unknown."""


def _without_templated(item: Item, objective: Objective) -> Item:
    for name in objective.templated:
        for field in _FIELDS.get(name, ()):
            item.pop(field, None)
            item.setdefault("unknown", {})[field] = "holds a template that can't be resolved here"
    return item


def _service(found: Found) -> str:
    return found.object.service if isinstance(found.object, Objective) else ""


def _signals(seen: Seen, objectives: Sequence[Found], unreadable: bool) -> None:
    """Signals covered; one not found is unknown while an objective can't be told or read."""
    counted = [found.object for found in objectives if not found.ignored and isinstance(found.object, Objective)]
    covered = {objective.signal for objective in counted}
    seen.values["slo.signals"] = [signal for signal in SIGNALS if signal in covered]
    for signal in SIGNALS:
        fact = f"slo.covers_{signal}"
        seen.values[fact] = signal in covered
        if signal in covered:
            continue
        if "" in covered:
            seen.unseen(fact, Reason.UNREADABLE, "an objective's signal can't be told from its query")
        elif unreadable:
            seen.unseen(fact, Reason.UNREADABLE, "a file with objectives can't be read")
