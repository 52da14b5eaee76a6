"""How long a version is supported, by policy's table of dates."""

from __future__ import annotations

from datetime import UTC, datetime

from app.facts.parameters import Parameters
from app.facts.seen import Item
from app.lib.times import parse_instant

MANAGED = datetime(9999, 12, 30, tzinfo=UTC)
"""Stands for what its provider keeps up to date: it never ends."""


def supported_until(product: str, version: str, parameters: Parameters) -> datetime | str:
    """The end of a version's support, or in a sentence why it can't be told.

    `1.29.3` is looked up as 1.29.3, 1.29 and 1. What is older than the oldest row ended with it.
    """
    table = parameters.end_of_life.get(product)
    if not table:
        return f"policy.yaml has no dates for {product or 'it'} under end_of_life"
    if not version:
        return "no version is written"
    parts = version.lstrip("v").split(".")
    for size in range(len(parts), 0, -1):
        if (written := table.get(".".join(parts[:size]))) is not None:
            return parse_instant(written)
    oldest = min(table, key=_numbers)
    if _numbers(version.lstrip("v")) < _numbers(oldest):
        return parse_instant(table[oldest])
    return f"version {version} of {product} is not in policy.yaml's table ({parameters.end_of_life_source})"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def with_support(item: Item, until: datetime | str) -> Item:
    """The item with its end of support, or with the reason why that is unknown."""
    if isinstance(until, datetime):
        return item | {"supported_until": until}
    return item | {"unknown": {**item.get("unknown", {}), "supported_until": until}}
