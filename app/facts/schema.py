"""The shape of fact schemas: every fact is declared, typed, documented and versioned. `groups.py` holds ours.

Types: bool, int, double, string, timestamp, strings (a list of text), items (a list of records with typed fields).
Rules see scalars and `strings` as `group.fact`; the fields of an item list as `item.<field>` inside `each`. A field
with `rule=False` is for people only (its name may be a CEL keyword such as `for`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Type = Literal["bool", "int", "double", "string", "timestamp", "strings", "items"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an item; a dotted name (`runbook.state`) is nested in JSON."""

    type: Type
    doc: str
    unit: str = ""
    rule: bool = True


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a group. `fields` only for `items`."""

    type: Type
    doc: str
    unit: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that one retriever makes. `inherit`: entity relations to ask, nearest first, when the entity has none."""

    name: str
    version: int
    doc: str
    facts: Mapping[str, Fact]
    """Name without the group → fact."""
    inherit: tuple[Literal["system", "owner", "domain"], ...] = ()


Schema = Mapping[str, Group]


def fact_types(schema: Schema) -> dict[str, Fact]:
    """Full fact name (`alerting.rules`) → fact."""
    return {f"{group.name}.{name}": fact for group in schema.values() for name, fact in group.facts.items()}
