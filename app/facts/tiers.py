"""The tier of an entity, from the labels and annotations that policy names."""

from __future__ import annotations

from app.catalog.model import Entity
from app.facts.parameters import Parameters


def declared_tier(entity: Entity, parameters: Parameters) -> str:
    """The tier as policy spells it; what policy does not know in lower case as written; "" when none is declared."""
    for key in parameters.tier_keys:
        written = (entity.labels.get(key) or entity.annotations.get(key) or "").strip().lower()
        if written:
            return _spelled(written, parameters)
    return ""


def tier_of(entity: Entity, parameters: Parameters) -> str:
    """The tier that thresholds go by: the declared one where policy knows it, else the default."""
    tier = declared_tier(entity, parameters)
    return tier if tier in parameters.tiers else parameters.default_tier


def _spelled(written: str, parameters: Parameters) -> str:
    return next((tier for tier, others in parameters.tier_aliases.items() if written in others), written)
