"""Facts and their schemas in Tech Insights' shapes: a group of facts is a fact retriever, and so is a scorecard.

Names are full (`alerting.rules`), because facts of several retrievers are merged flat there.
We keep the last facts and the history of results, not every look: a range of a group holds its last facts if they fall
into it, a range of a scorecard every point of its history.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.api.tech_insights.catalogue import SCORECARD, Catalogue
from app.catalog.model import EntityRef
from app.facts.groups import SCHEMA
from app.facts.model import FactSet
from app.facts.schema import Group
from app.lib.times import format_duration, format_instant
from app.store.model import HistoryRow

_TYPES = {
    "bool": "boolean",
    "int": "integer",
    "double": "float",
    "string": "string",
    "timestamp": "datetime",
    "strings": "set",
    "items": "set",
}
_CARD_VERSION = "1.0.0"
_CARD = {
    "level": {"type": "string", "description": "Level reached"},
    "score": {"type": "float", "description": "Share of the judged weight that passes, 0..1"},
    "coverage": {"type": "float", "description": "Share of the weight that was judged, 0..1"},
}


def schemas(catalogue: Catalogue, wanted: Sequence[str] | None) -> list[dict[str, Any]]:
    """Schema rows by id, highest first; None means all."""
    found = {name: _schema(group) for name, group in SCHEMA.items()}
    found |= {f"{SCORECARD}{card}": _row(f"{SCORECARD}{card}", _CARD_VERSION, _CARD) for card in catalogue.cards}
    return [found[name] for name in sorted(found, reverse=True) if wanted is None or name in wanted]


def known(catalogue: Catalogue) -> set[str]:
    """The ids of our fact retrievers."""
    return {*SCHEMA, *(f"{SCORECARD}{card}" for card in catalogue.cards)}


def of_set(ref: EntityRef, found: FactSet) -> dict[str, Any]:
    """The last facts of one group."""
    values = {name: plain(value) for name, value in found.values.items()}
    return _fact(found.retriever, ref, found.collected_at, f"{found.version}.0.0", values)


def of_history(ref: EntityRef, row: HistoryRow) -> dict[str, Any]:
    """One point of a scorecard's history."""
    values = {name: value for name in _CARD if (value := getattr(row, name)) is not None}
    return _fact(f"{SCORECARD}{row.scorecard}", ref, row.at, _CARD_VERSION, values)


def latest(ref: EntityRef, sets: Iterable[FactSet], rows: Iterable[HistoryRow]) -> dict[str, dict[str, Any]]:
    """Retriever id → its last facts, of all that there are. `rows` oldest first."""
    found = {one.retriever: of_set(ref, one) for one in sets}
    return found | {f"{SCORECARD}{row.scorecard}": of_history(ref, row) for row in rows}


def between(
    ref: EntityRef, sets: Iterable[FactSet], rows: Iterable[HistoryRow], start: datetime, end: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Retriever id → its facts from `start` to `end`, oldest first; retrievers without any are absent."""
    found = {one.retriever: [of_set(ref, one)] for one in sets if start <= one.collected_at <= end}
    for row in rows:
        if start <= row.at <= end:
            found.setdefault(f"{SCORECARD}{row.scorecard}", []).append(of_history(ref, row))
    return found


def plain(value: Any) -> Any:
    """A fact's value as JSON has it."""
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def _schema(group: Group) -> dict[str, Any]:
    facts = {
        f"{group.name}.{name}": {"type": _TYPES[fact.type], "description": fact.doc}
        for name, fact in group.facts.items()
    }
    return _row(group.name, f"{group.version}.0.0", facts)


def _row(id_: str, version: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": id_, "version": version, "entityFilter": None, **facts}


def _fact(id_: str, ref: EntityRef, at: datetime, version: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": id_,
        "entity": {"namespace": ref.namespace, "kind": ref.kind, "name": ref.name},
        "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "version": version,
        "facts": facts,
    }
