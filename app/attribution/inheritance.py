"""From whom an entity inherits facts: its system, its owner, their parents, its domain. Nearest first, each once."""

from __future__ import annotations

from collections.abc import Iterable

from app.catalog.model import Catalog, Entity, EntityRef


def givers(entity: Entity, catalog: Catalog, relations: Iterable[str]) -> list[Entity]:
    """Entities to ask in turn. `relations` holds `system`, `owner`, `domain`, in the order to ask; cycles end."""
    steps = {"system": _systems, "owner": _owners, "domain": _domains}
    found: dict[EntityRef, None] = {}
    for relation in relations:
        for ref in steps[relation](entity.ref, catalog):
            if ref != entity.ref:
                found[ref] = None
    return [known for ref in found if (known := catalog.get(ref)) is not None]


def _systems(ref: EntityRef, catalog: Catalog) -> list[EntityRef]:
    return _upwards(ref, catalog, "partOf", "system")


def _domains(ref: EntityRef, catalog: Catalog) -> list[EntityRef]:
    return _upwards(ref, catalog, "partOf", "domain")


def _owners(ref: EntityRef, catalog: Catalog) -> list[EntityRef]:
    """The owner, and the groups above it."""
    owners = list(catalog.related(ref, "ownedBy"))
    return [*owners, *(parent for owner in owners for parent in _upwards(owner, catalog, "childOf", "group"))]


def _upwards(ref: EntityRef, catalog: Catalog, relation: str, kind: str) -> list[EntityRef]:
    seen: dict[EntityRef, None] = {}
    queue = [ref]
    while queue:
        for target in catalog.related(queue.pop(0), relation):
            if target not in seen and target != ref:
                seen[target] = None
                queue.append(target)
    return [target for target in seen if target.kind == kind]
