"""The database an entity is, as it is declared; restores on record; and the signals that alerts tell of."""

from __future__ import annotations

from datetime import datetime

from app.attribution.model import RESOURCE_TYPES
from app.catalog.model import Entity, EntityRef
from app.facts import dated
from app.facts.database_alerts import SIGNALS, told
from app.facts.inventory import Found
from app.facts.model import Reason
from app.facts.seen import Item, Seen, place_of, unreadable_items
from app.facts.versions import MANAGED, supported_until, with_support
from app.facts.world import World
from app.formats.infrastructure import CloudAlarm, Database
from app.formats.model import AlertRule

_ELSEWHERE = "it may be declared in another repository; only this one is known here"
_PRODUCTS = {"postgres": "postgresql", "postgresql": "postgresql", "aurora-postgresql": "postgresql"}
_PLAIN = tuple(
    name
    for name in Database.__dataclass_fields__
    if name not in ("line", "ignored", "labels", "object_annotations", "unknown", "namespace")
)


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    found = world.objects(entity.ref, Database.kind)
    places = world.unreadable(entity.ref, "database")
    seen.found([*found, *places])
    seen.values["database.instances"] = [instance_item(one, world) for one in found]
    seen.values["database.unreadable"] = unreadable_items(places)
    _restores(entity, world, seen, now)
    seen.values["database.signals"] = _signals(entity, world, seen)
    if not found and not places and not world.catalog_complete:
        seen.unseen("database.instances", Reason.NOT_CONNECTED, _ELSEWHERE)
    return seen


def instance_item(found: Found, world: World) -> Item:
    one = found.object
    assert isinstance(one, Database)
    item = place_of(found) | {name: getattr(one, name) for name in _PLAIN}
    item = with_support(item, _support(one, world))
    for name, why in {**_by_class(one), **one.unknown}.items():
        item.pop(name, None)
        item.setdefault("unknown", {})[name] = why
    return item


def _by_class(one: Database) -> dict[str, str]:
    """Whether an operator's volumes are encrypted lies with their storage class."""
    if one.encryption != "storage_class":
        return {}
    return {"encryption": f"its storage class ({one.storage_class or 'the default one'}) decides, not this file"}


def _support(one: Database, world: World) -> datetime | str:
    if one.engine == "dynamodb":
        return MANAGED
    if why := one.unknown.get("version"):
        return why
    return supported_until(_PRODUCTS.get(one.engine, one.engine), one.version, world.parameters)


def _restores(entity: Entity, world: World, seen: Seen, now: datetime) -> None:
    """Restores on record; unknown where none is and reports of them are promised, or expired."""
    keys = world.parameters.restore_test_keys
    found: list[Item] = [
        {
            "key": one.key,
            "tested_at": one.at,
            "repository": one.place.repository,
            "commit": one.place.commit,
            "path": one.place.path,
            "line": one.place.line,
        }
        for one in dated.dates(entity, world, keys, seen, now)
    ]
    seen.values["database.restore_tests"] = found
    if not found and (why := dated.untold([entity], world, keys, "restores", now)):
        seen.unseen("database.restore_tests", why.reason, why.message)


def _signals(entity: Entity, world: World, seen: Seen) -> list[Item]:
    """Alerts of the database itself, and of components that depend on no other one."""
    refs = [entity.ref, *_dependents(entity, world)]
    alerts = [alert for ref in refs for kind in (AlertRule.kind, CloudAlarm.kind) for alert in world.objects(ref, kind)]
    for ref in refs[1:]:
        dependent = world.catalog.get(ref)
        seen.looked_at(dependent.repository if dependent else "", "", "")
    hidden = [place for ref in refs for place in world.unreadable(ref, "alerting") if not place.ignored]
    seen.found([*alerts, *hidden])
    covering = told(alerts)
    return [_signal(name, covering.get(name), bool(hidden), world) for name in SIGNALS]


def _dependents(entity: Entity, world: World) -> list[EntityRef]:
    catalog = world.catalog
    types = RESOURCE_TYPES["database"] | {entity.spec_text("type").lower()}
    found = []
    for ref in catalog.related(entity.ref, "dependencyOf"):
        needed = [catalog.get(target) for target in catalog.related(ref, "dependsOn")]
        databases = [one for one in needed if one is not None and one.spec_text("type").lower() in types]
        if ref.kind == "component" and len(databases) == 1:
            found.append(ref)
    return found


def _signal(name: str, alert: Found | None, hidden: bool, world: World) -> Item:
    if alert is not None:
        return place_of(alert) | {"name": name, "covered": True, "alert": getattr(alert.object, "name", "")}
    nowhere = {"repository": "", "commit": "", "path": "", "line": 0, "ignored": ""}
    item: Item = nowhere | {"name": name, "covered": False, "alert": ""}
    if hidden or not world.catalog_complete:
        why = "a file with alerts can't be read" if hidden else "its alerts may lie in another repository"
        del item["covered"]
        item["unknown"] = {"covered": why}
    return item
