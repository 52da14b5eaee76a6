"""Workloads: what runs the entity, with its containers, as its manifests say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from app.catalog.model import Entity
from app.facts.dated import NEVER, latest, untold
from app.facts.inventory import Found
from app.facts.model import Reason
from app.facts.seen import PLACE, Item, Seen, place_of, unreadable_items
from app.facts.world import World
from app.formats.model import BaseImage
from app.formats.workloads.model import SEPARATOR, Container, Workload

_RELEASE = "is a copy of an operator's release (its file defines kinds of its own) and names nothing of this service"
_TELLING = 3
"""Letters of a name that stands for something."""
_ELSEWHERE = "its manifests may lie in another repository; only this one is known here"


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    found = [_copied(one, entity) for one in world.objects(entity.ref, Workload.kind)]
    places = world.unreadable(entity.ref, "workloads")
    seen.found([*found, *places])
    seen.values["workloads.manifests"] = merged(workload_item(one) for one in found)
    seen.values["workloads.containers"] = merged(item for one in found for item in container_items(one))
    seen.values["workloads.images"] = images(entity, world, found, seen)
    seen.values["workloads.unreadable"] = unreadable_items(places)
    _load_tested(seen, entity, world, now)
    counted = any(not one.ignored for one in found) or any(not one.ignored for one in places)
    if not counted and not world.catalog_complete:
        for name in ("manifests", "containers", "images"):
            seen.unseen(f"workloads.{name}", Reason.NOT_CONNECTED, _ELSEWHERE)
    return seen


def _copied(found: Found, entity: Entity) -> Found:
    """An operator's release among an entity's files is its own only where it speaks of the entity or its repository:
    beside a shop, cert-manager's is a copy, which the shop's team neither writes nor mends."""
    one = found.object
    assert isinstance(one, Workload)
    if not one.bundled or found.ignored:
        return found
    repository = found.repository.rstrip("/").removesuffix(".git").rpartition("/")[2]
    said = [_squeezed(text) for text in (one.name, *(container.image for container in one.containers))]
    ours = [name for name in map(_squeezed, (entity.name, repository)) if len(name) >= _TELLING]
    if any(name in text for name in ours for text in said):
        return found
    return replace(found, object=replace(one, ignored=_RELEASE), ignored=_RELEASE)


def _squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def images(entity: Entity, world: World, workloads: Iterable[Found], seen: Seen) -> list[Item]:
    """Images that containers run, then those that Dockerfiles build on. The latter count beside the former only."""
    kept = ("name", "environment", "image", "image_state", "image_set_by")
    run = [
        {key: item[key] for key in (*kept, *PLACE) if key in item}
        | {"origin": "container"}
        | _because(item, "image_state")
        for one in workloads
        for item in container_items(one)
    ]
    bases = world.objects(entity.ref, BaseImage.kind)
    seen.found(bases)
    return merged([*run, *map(_base_item, bases)])


def _because(item: Item, name: str) -> Item:
    """Why one field of an item can't be told."""
    why = item.get("unknown", {}).get(name)
    return {"unknown": {name: why}} if why else {}


def _base_item(found: Found) -> Item:
    one = found.object
    assert isinstance(one, BaseImage)
    item = place_of(found) | {
        "name": f"{found.path} ({one.stage})" if one.stage else found.path,
        "origin": "build",
        "environment": "",
        "image": one.image,
        "image_state": one.image_state,
        "image_set_by": "",
    }
    return _without(item, one.unknown)


def _load_tested(seen: Seen, entity: Entity, world: World, now: datetime) -> None:
    keys = world.parameters.load_test_keys
    seen.values["workloads.load_tested_at"] = tested_at = latest(entity, world, keys, seen, now)
    if tested_at == NEVER and (why := untold([entity], world, keys, "load tests", now)):
        seen.unseen("workloads.load_tested_at", why.reason, why.message)


def merged(items: Iterable[Item]) -> list[Item]:
    """Items in their order; of a base that several overlays leave as it is, one that names all of them."""
    first: dict[str, Item] = {}
    for item in items:
        same = repr(sorted((key, value) for key, value in item.items() if key != "environment"))
        known = first.setdefault(same, item)
        if known is not item:
            known["environment"] = SEPARATOR.join((known["environment"], item["environment"]))
    return list(first.values())


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
        "revisions_kept": one.revisions_kept,
        "scraped": bool(one.metrics_way),
        "metrics": {
            "way": one.metrics_way,
            "by": one.metrics_by,
            "problem": one.metrics_problem,
            "path": one.monitor.path if one.monitor else "",
            "line": one.monitor.line if one.monitor else 0,
        },
    }
    item["rollout_problem"] = rollout_problem(one, item["pre_stop_seconds"]) if one.replicated else ""
    hidden = {_FIELDS.get(name, name): why for name, why in one.unknown.items()}
    untold = next((hidden[name] for name in ("strategy", "keeps_serving", "containers") if name in hidden), "")
    if one.replicated and untold and not item["rollout_problem"]:
        hidden["rollout_problem"] = untold
    if "metrics.way" in hidden:
        hidden["scraped"] = hidden["metrics.way"]
    return _without(item, hidden | dict.fromkeys(("serving", "pre_stop"), hidden.get("containers", "")))


def rollout_problem(one: Workload, waits: int) -> str:
    """Why users notice when a new version comes, and what to do. `waits`: seconds of its longest preStop hook."""
    if one.grace_seconds <= waits:
        told = (
            f"its preStop hook waits {waits} s of the {one.grace_seconds} s that a pod has to end, so that it is killed"
        )
        return f"{told} before it can finish: set terminationGracePeriodSeconds to {waits + _FINISHING} or more"
    if one.revisions_kept == 0:
        return "revisionHistoryLimit 0 keeps no version to roll back to: leave it out, or keep a few"
    if one.strategy == "recreate" and not one.volume_claims:
        return "Recreate stops every copy before the next one starts: use RollingUpdate with maxUnavailable 0"
    if one.object_kind == "Deployment" and one.strategy == "rolling" and not one.keeps_serving:
        return "its rolling update may take every copy away at once: set maxUnavailable to 0 and maxSurge to 1"
    return ""


_FINISHING = 15
"""Seconds to end what was being answered, beyond the hook."""
_FIELDS = {"budget_state": "budget.state", "metrics_way": "metrics.way"}


def container_items(found: Found) -> list[Item]:
    """One item a container; where the containers themselves can't be told, one that says so."""
    one = found.object
    assert isinstance(one, Workload)
    shared = {"kind": one.object_kind, "environment": one.environment, "replicated": one.replicated}
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
