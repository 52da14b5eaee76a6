"""What rules are shown of one entity at one instant. Made for one evaluation: names are gathered, and items laid out,
once for all checks that look at the same; each layout is converted for the rules once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.facts.model import Facts, Reason
from app.policy.model import Subject
from app.policy.rules import ask as ask_rule
from app.policy.showing import Showing
from app.policy.written import Scope

_NAMES = tuple((f"entity.{name}", name) for name in Subject.__dataclass_fields__)


def entity_names(subject: Subject) -> dict[str, Any]:
    """The entity as rules name it: `entity.kind`, `entity.labels` …"""
    names: dict[str, Any] = {name: getattr(subject, attribute) for name, attribute in _NAMES}
    names["entity.tags"] = list(subject.tags)
    names["entity.api_types"] = list(subject.api_types)
    return names


Shown = tuple[Mapping[str, Any], dict[str, Any], Any]
"""(the item, what rules see of it by name, the same as an activation or None where CEL can't hold it)."""


@dataclass(slots=True)
class Unread:
    """Places of a fact group that are there but can't be read: unknown items of each of its lists."""

    count: int = 0
    why: str = ""
    code: str = Reason.UNREADABLE
    wrong: str = ""


@dataclass(slots=True)
class Items:
    """A list laid out. `wrong` is a sentence about what stands there instead of items; `found` ends before it."""

    found: Sequence[Shown]
    unread: Unread
    wrong: str = ""
    no_list: bool = False


class Scene:
    """One entity's facts and names at `now`. `seen`: what every rule may see besides its parameters and items.

    `steady_until`: the first instant from now on that a rule compares with the clock; set by `turning`.
    """

    __slots__ = ("_items", "_scopes", "_unread", "_whole", "facts", "now", "seen", "steady_until")

    def __init__(self, facts: Facts, entity: Mapping[str, Any], now: datetime) -> None:
        self.facts, self.now = facts, now
        self.steady_until: datetime | None = None
        self.seen: dict[str, Any] = {**facts.values, **entity, "now": now}
        self._whole: dict[int, tuple[dict[str, Any], Any]] = {}
        self._items: dict[int, Items | None] = {}
        self._unread: dict[str, Unread] = {}
        self._scopes: dict[int, bool] = {}

    def is_in(self, scope: Scope) -> bool:
        """Whether the entity is one of those that a part of the scorecard is for."""
        known = self._scopes.get(id(scope))
        if known is None:
            rule = scope.applies_to
            known = self._scopes[id(scope)] = ask_rule(rule, self.used(rule.names, {})).value is True
        return known

    def whole(self, showing: Showing) -> tuple[dict[str, Any], Any]:
        """The names that rules without `each` use, and their activation (None where CEL can't hold a value)."""
        known = self._whole.get(id(showing))
        if known is None:
            data = self.shared(showing)
            known = self._whole[id(showing)] = (data, _activation(showing, data))
        return known

    def shared(self, showing: Showing) -> dict[str, Any]:
        """What is the same for every item: facts, the entity's names, parameters."""
        seen = self.seen
        data = {name: seen[name] for name in showing.names if name in seen}
        data.update(showing.parameters)
        return data

    def used(self, names: Sequence[str], parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Of these names, those that have a value."""
        data = {name: self.seen[name] for name in names if name in self.seen}
        return data | {name: parameters[name] for name in names if name in parameters}

    def items(self, showing: Showing) -> Items | None:
        """The items of a list that count; None where the list itself was not seen."""
        known = self._items.get(id(showing))
        if known is None:
            known = self._items[id(showing)] = self._laid_out(showing)
        return known

    def _laid_out(self, showing: Showing) -> Items | None:
        items = self.seen.get(showing.each)
        if items is None:
            return None
        if not isinstance(items, list | tuple):
            return Items((), Unread(), f"{showing.each} is not a list of items", no_list=True)
        shared, unread = self.shared(showing), self.unread(showing.each)
        found: list[Shown] = []
        for item in items:
            if not isinstance(item, dict):
                return Items(found, unread, f"{showing.each} holds something that is no item")
            if showing.include_ignored or not item.get("ignored"):
                data = laid_out(showing, item, shared)
                found.append((item, data, _activation(showing, data)))
        return Items(found, unread)

    def forget(self) -> None:
        """Drops what was laid out: a result that is kept must not keep it, too. It is laid out again when asked for."""
        self._whole, self._items = {}, {}

    def counted(self, showing: Showing) -> list[Mapping[str, Any]]:
        """The items of a list that count, as they are: for telling of them."""
        items = self.seen.get(showing.each)
        found = items if isinstance(items, list | tuple) else ()
        return [item for item in found if showing.include_ignored or not item.get("ignored")]

    def unread(self, each: str) -> Unread:
        """What of a list's group can't be read; where even that is not known, one unknown item."""
        group = each.split(".", 1)[0]
        known = self._unread.get(group)
        if known is None:
            known = self._unread[group] = _unread(f"{group}.unreadable", self.facts)
        return known


def laid_out(showing: Showing, item: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """What rules see of one item by name; what it does not have is left out."""
    data = dict(shared)
    for name, key in showing.fields:
        if key in item:
            data[name] = item[key]
    for name, path in showing.nested:
        value: Any = item
        for part in path:
            if not isinstance(value, dict) or part not in value:
                break
            value = value[part]
        else:
            data[name] = value
    return data


def _activation(showing: Showing, data: Mapping[str, Any]) -> Any:
    try:
        return showing.activation(data)
    except Exception:  # noqa: BLE001 (a value that CEL can't hold: each rule is then asked by itself)
        return None


def _unread(name: str, facts: Facts) -> Unread:
    found = facts.values.get(name)
    if found is None:
        missing = facts.unknown.get(name)
        return Unread() if missing is None else Unread(1, missing.message, missing.reason)
    if not isinstance(found, list | tuple) or not all(isinstance(entry, dict) for entry in found):
        return Unread(wrong=f"{name} is not a list of items")
    counted = [entry for entry in found if not entry.get("ignored")]
    return Unread(len(counted), _unreadable_text(counted)) if counted else Unread()


def _unreadable_text(entries: Sequence[Mapping[str, Any]]) -> str:
    first = entries[0]
    more = f" (and {len(entries) - 1} more)" if len(entries) > 1 else ""
    place = f"{first['path']}:{first.get('line')}" if first.get("path") else "the repository"
    return f"{place} can't be read: {first.get('reason')}{more}"
