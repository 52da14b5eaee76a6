"""Which checks can be shown the same: rules over one list, of one compiler, that agree on their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.policy.model import Check


@dataclass(frozen=True, slots=True)
class Showing:
    """What the rules of several checks see of one list's items, or with `each` "" of the entity itself."""

    each: str
    include_ignored: bool
    names: tuple[str, ...]
    """Facts and the entity's names; those of items are in `fields` and `nested`."""
    parameters: Mapping[str, Any]
    fields: tuple[tuple[str, str], ...]
    """(name, key) of an item's own fields."""
    nested: tuple[tuple[str, tuple[str, ...]], ...]
    """(name, keys) of what lies deeper."""
    activation: Any


class Gathered:
    """Checks over one list that can be shown the same: one compiler, and one value for each parameter they share."""

    def __init__(self, check: Check) -> None:
        self.first = check
        self.names: dict[str, None] = {}
        self.parameters: dict[str, Any] = {}
        self.paths: dict[str, tuple[str, ...]] = {}

    def agrees(self, check: Check, parameters: Mapping[str, Any]) -> bool:
        first = self.first
        if (check.each, check.include_ignored) != (first.each, first.include_ignored):
            return False
        shared = [name for name in check.names if name in self.parameters]
        same_values = all(self.parameters[name] == parameters[name] for name in shared)
        return same_values and check.require.activation is first.require.activation

    def add(self, check: Check, parameters: Mapping[str, Any]) -> Gathered:
        self.names.update(dict.fromkeys(n for n in check.names if not n.startswith(("item.", "params."))))
        self.parameters.update({name: parameters[name] for name in check.names if name in parameters})
        self.paths.update({name: (first, *rest) for name, first, rest in check.item_paths})
        return self

    def showing(self) -> Showing:
        return Showing(
            each=self.first.each,
            include_ignored=self.first.include_ignored,
            names=tuple(self.names),
            parameters=self.parameters,
            fields=tuple((name, path[0]) for name, path in self.paths.items() if len(path) == 1),
            nested=tuple((name, path) for name, path in self.paths.items() if len(path) > 1),
            activation=self.first.require.activation,
        )


def showings_of(checks: Sequence[tuple[Check, Mapping[str, Any]]]) -> dict[str, Showing]:
    """Check → what it is shown, shared with as many others as agree with it."""
    gathered: list[Gathered] = []
    whose: dict[str, Gathered] = {}
    for check, parameters in checks:
        fitting = next((one for one in gathered if one.agrees(check, parameters)), None)
        if fitting is None:
            fitting = Gathered(check)
            gathered.append(fitting)
        whose[check.id] = fitting.add(check, parameters)
    made = {id(one): one.showing() for one in gathered}
    return {name: made[id(one)] for name, one in whose.items()}
