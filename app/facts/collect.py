"""Collects an entity's facts: every retriever of the table looks once, and one that fails costs only its own group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from app.catalog.model import Entity
from app.facts.groups import SCHEMA
from app.facts.model import FactSet, Reason, Unknown
from app.facts.pushed import expiry
from app.facts.retrievers import TABLE, Retrieve
from app.facts.world import World


def collect(entity: Entity, world: World, now: datetime, retrievers: Mapping[str, Retrieve] = TABLE) -> list[FactSet]:
    """One fact set a retriever, in the table's order; `now` becomes their `collected_at`."""
    return [_collected(name, retrieve, entity, world, now) for name, retrieve in retrievers.items()]


def _collected(name: str, retrieve: Retrieve, entity: Entity, world: World, now: datetime) -> FactSet:
    version = SCHEMA[name].version
    try:
        found = retrieve(entity, world, now).fact_set(name, version, now)
        ends = expiry(world.pushed(entity.ref), name, now)
        return found if ends is None else replace(found, expires_at=min(filter(None, (found.expires_at, ends))))
    except Exception as error:  # noqa: BLE001  one of the four places that may: the error is stored and shown
        message = f"collecting the {name} facts of {entity.ref}: {type(error).__name__}: {error}"
        why = Unknown(Reason.SOURCE_FAILING, message)
        unknown = {f"{name}.{fact}": why for fact in SCHEMA[name].facts}
        return FactSet(retriever=name, version=version, values={}, unknown=unknown, collected_at=now, error=message)
