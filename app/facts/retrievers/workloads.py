"""Workloads: what runs the entity, with its containers, as its manifests say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.catalog.model import Entity
from app.facts.dated import latest
from app.facts.inventory import Found
from app.facts.model import Reason
from app.facts.seen import Item, Seen, place_of, unreadable_items
from app.facts.world import World
from app.formats.workloads.model import Container, Workload

_ELSEWHERE = "its manifests may lie in another repository; only this one is known here"


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    found = world.objects(entity.ref, Workload.kind)
    places = world.unreadable(entity.ref, "workloads")
    seen.found([*found, *places])
    seen.values["workloads.manifests"] = [workload_item(one) for one in found]
    seen.values["workloads.containers"] = [item for one in found for item in container_items(one)]
    seen.values["workloads.unreadable"] = unreadable_items(places)
    seen.values["workloads.load_tested_at"] = latest(entity, world, world.parameters.load_test_keys, seen, now)
    counted = any(not one.ignored for one in found) or any(not one.ignored for one in places)
    if not counted and not world.catalog_complete:
        for name in ("manifests", "containers"):
            seen.unseen(f"workloads.{name}", Reason.NOT_CONNECTED, _ELSEWHERE)
    return seen


def workload_item(found: Found) -> Item:
    one = found.object
    assert isinstance(one, Workload)
    serving = [container for container in one.containers if container.serving]
    item = place_of(found) | {
        "name": one.name,
        "kind": one.object_kind,
        "namespace": one.namespace,
        "environment": one.environment,
        "replicated": one.replicated,
        "serving": bool(serving),
        "replicas_min": one.replicas_min,
        "replicas_max": one.replicas_max,
        "autoscaler": one.autoscaler.name if one.autoscaler else "",
        "autoscaler_problem": one.autoscaler_problem,
        "budget": {
            "state": one.budget_state,
            "text": one.budget_text,
            "path": one.budget.path if one.budget else "",
            "line": one.budget.line if one.budget else 0,
        },
        "spread_zone": one.spread_zone,
        "spread_node": one.spread_node,
        "spread_problem": one.spread_problem,
        "strategy": one.strategy,
        "keeps_serving": one.keeps_serving,
        "analysis": one.analysis,
        "volume_claims": one.volume_claims,
        "grace_seconds": one.grace_seconds,
        "pre_stop": any(container.pre_stop for container in serving),
        "pre_stop_seconds": max((container.pre_stop_seconds for container in serving), default=0),
        "scraped": one.monitor is not None,
    }
    hidden = {_FIELDS.get(name, name): why for name, why in one.unknown.items()}
    return _without(item, hidden | dict.fromkeys(("serving", "pre_stop"), hidden.get("containers", "")))


_FIELDS = {"budget_state": "budget.state"}


def container_items(found: Found) -> list[Item]:
    """One item a container; where the containers themselves can't be told, one that says so."""
    one = found.object
    assert isinstance(one, Workload)
    shared = {"kind": one.object_kind, "replicated": one.replicated}
    if why := one.unknown.get("containers"):
        return [place_of(found) | shared | {"name": one.name, "unknown": dict.fromkeys(_SHOWN, why)}]
    return [_container_item(found, one, container) | shared for container in one.containers]


_SHOWN = tuple(name for name in Container.__dataclass_fields__ if name not in ("name", "line", "unknown", "pre_stop"))


def _container_item(found: Found, workload: Workload, container: Container) -> Item:
    item = place_of(found) | {name: getattr(container, name) for name in _SHOWN if not name.startswith("pre_stop")}
    item["name"] = f"{workload.name}/{container.name}"
    item["line"] = container.line or workload.line
    return _without(item, container.unknown)


def _without(item: Item, unknown: Mapping[str, str]) -> Item:
    """The item without what can't be told, and why."""
    for name, why in unknown.items():
        first, _, rest = name.partition(".")
        if not why or first not in item:
            continue
        if rest:
            item[first] = {key: value for key, value in item[first].items() if key != rest}
        else:
            del item[first]
        item.setdefault("unknown", {})[name] = why
    return item
