"""What is not declared yet, but would be: entities that stand for databases, clusters, APIs and workloads in files that
lie in no repository.

A rendered template, a manifest or a Terraform file often comes before its descriptor. Scored for a made-up component
alone, a database would show nothing; so each gets a provisional entity of its own kind, and the checks of the catalog
say that it is still to be declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from app.catalog.model import Entity, EntityRef
from app.facts.inventory import Found, Inventory
from app.formats import kinds
from app.formats.apis.model import ApiDefinition
from app.formats.infrastructure import Cluster, Database
from app.formats.model import AlertRule, Objective, Runbook
from app.formats.workloads.model import Workload

_MOST = 50
_DESCRIPTION = "Made up by Roadworthy: no descriptor declares it yet."
_RUN = (AlertRule, Objective, Workload)


def with_stand_ins(inventory: Inventory) -> Inventory:
    """The inventory with a provisional entity for each thing found, where no descriptor names any."""
    if any(one.identified and not one.ignored and not one.provisional for one in inventory.entities):
        return inventory
    counted = [found for found in inventory.found if not found.ignored]
    made = list(_stand_ins(inventory.url, counted))[:_MOST]
    is_run = any(isinstance(one.object, _RUN) or _is_runbook(one) for one in counted)
    others = [one for one in inventory.entities if not one.provisional]
    service = [_named(one, counted) for one in inventory.entities if one.provisional and (is_run or not made)]
    return replace(inventory, entities=(*others, *service, *made))


def _is_runbook(found: Found) -> bool:
    return isinstance(found.object, Runbook) and kinds.runbook_kind(found.path, found.object) == "runbook"


def _stand_ins(url: str, counted: Iterable[Found]) -> Iterator[Entity]:
    seen: set[EntityRef] = set()
    for found in counted:
        made = _entity_of(url, found)
        if made is not None and made.ref not in seen:
            seen.add(made.ref)
            yield made


def _entity_of(url: str, found: Found) -> Entity | None:
    thing = found.object
    if isinstance(thing, Database):
        return _made("Resource", thing.name, "database", url)
    if isinstance(thing, Cluster):
        return _made("Resource", thing.name, "kubernetes-cluster", url)
    if isinstance(thing, ApiDefinition):
        return _made("API", thing.title, "openapi", url)
    return None


def _made(kind: str, name: str, type_: str, url: str) -> Entity:
    fitting = _fitting(name) or kind.lower()
    document: dict[str, Any] = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": fitting, "description": _DESCRIPTION},
        "spec": {"type": type_, "lifecycle": "production"},
    }
    return Entity(
        ref=EntityRef(kind.lower(), "default", fitting.lower()),
        kind=kind,
        name=fitting,
        namespace="default",
        document=document,
        repository=url,
        provisional=True,
    )


def _named(entity: Entity, counted: Iterable[Found]) -> Entity:
    """The made-up component called as the only workload is, where there is only one."""
    names = {one.object.name for one in counted if isinstance(one.object, Workload)}
    name = _fitting(names.pop()) if len(names) == 1 else ""
    if not name:
        return entity
    metadata = {**entity.metadata, "name": name}
    ref = replace(entity.ref, name=name.lower())
    return replace(entity, ref=ref, name=name, document={**entity.document, "metadata": metadata})


def _fitting(name: str) -> str:
    """The name as the catalog allows it (63 letters, digits, - _ .)."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-._")[:63].strip("-._")
