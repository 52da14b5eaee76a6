"""The items of an `each` rule, counted three ways: passed, failed, or unknown. Asked for every item of every entity,
so it is kept lean: an item's data holds only the names that the rule uses, and one activation serves its three parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from app.facts.model import Facts, Reason
from app.policy.model import Check, Outcome
from app.policy.rules import FALSE, TRUE, Answer, first_line, reply


class Standing(Enum):
    """What one item comes to. SKIPPED: `where` does not mean it."""

    SKIPPED = 0
    PASSED = 1
    FAILED = 2
    UNKNOWN = 3
    ERROR = 4


_PASSED, _FAILED, _SKIPPED = (Standing.PASSED, ""), (Standing.FAILED, ""), (Standing.SKIPPED, "")
_SAID_UNKNOWN = (Standing.UNKNOWN, "")


@dataclass(slots=True)
class Tally:
    """How many items stand where. `code` and `why_unknown` tell of the first unknown one; `offenders` failed."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    error: str = ""
    why_unknown: str = ""
    code: str = Reason.UNREADABLE
    offenders: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.unknown


def count(check: Check, items: Sequence[Any], shared: Mapping[str, Any], facts: Facts) -> Tally:
    """All items and unreadable places. `shared`: what the rule uses besides the item's fields."""
    tally = Tally()
    for item in items:
        if not isinstance(item, dict):
            tally.error = f"{check.each} holds something that is no item"
            return tally
        if not counts(check, item):
            continue
        standing, detail = classify(check, data_of(check, item, shared))
        if standing is Standing.PASSED:
            tally.passed += 1
        elif standing is Standing.FAILED:
            tally.failed += 1
            tally.offenders.append(item)
        elif standing is Standing.UNKNOWN:
            _count_unknown(check, item, detail, facts, tally)
        elif standing is Standing.ERROR:
            tally.error = detail
            return tally
    _count_unreadable(check, facts, tally)
    return tally


def counts(check: Check, item: Mapping[str, Any]) -> bool:
    """Whether the item counts at all: an ignored one only where the rule asks for such."""
    return check.include_ignored or not item.get("ignored")


def data_of(check: Check, item: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The names that the check's rules use, those that are there."""
    data = dict(shared)
    for name, first, rest in check.item_paths:
        if first not in item:
            continue
        value = item[first]
        for part in rest:
            if not isinstance(value, dict) or part not in value:
                break
            value = value[part]
        else:
            data[name] = value
    return data


def classify(check: Check, data: Mapping[str, Any]) -> tuple[Standing, str]:
    """Where an item stands; for UNKNOWN also the absent name ("" where the rule itself says so), for ERROR why."""
    try:
        activation = check.require.activation(data)
    except Exception as error:  # noqa: BLE001 (a value that CEL can't hold)
        return Standing.ERROR, first_line(error)
    if check.where is not None:
        answer = reply(check.where, data, activation)
        if answer is not TRUE:
            return _SKIPPED if answer is FALSE else _open(answer)
    if check.unknown is not None:
        answer = reply(check.unknown, data, activation)
        if answer is not FALSE:  # absent here is unknown too: deleting a field must never turn unknown into pass
            return _SAID_UNKNOWN if answer is TRUE else _open(answer)
    answer = reply(check.require, data, activation)
    if answer is TRUE:
        return _PASSED
    return _FAILED if answer is FALSE else _open(answer)


def _open(answer: Answer) -> tuple[Standing, str]:
    return (Standing.ERROR, answer.error) if answer.error else (Standing.UNKNOWN, answer.absent[0])


def outcome_of(check: Check, tally: Tally) -> Outcome:
    """Unknown items count both ways: decided only where both ways agree."""
    if tally.error:
        return Outcome.ERROR
    if not check.minimum and not tally.total:
        return Outcome.FAIL
    needed = check.minimum or check.at_least * tally.total - 1e-9
    if tally.passed >= needed:
        return Outcome.PASS
    return Outcome.UNKNOWN if tally.passed + tally.unknown >= needed else Outcome.FAIL


def name_of(item: Mapping[str, Any]) -> str:
    """What a person calls the item, or nothing."""
    for key in ("name", "title", "ref"):
        if isinstance(value := item.get(key), str) and value:
            return value
    return ""


def _count_unknown(check: Check, item: Mapping[str, Any], name: str, facts: Facts, tally: Tally) -> None:
    tally.unknown += 1
    if tally.why_unknown:
        return
    told, label = item.get("unknown"), name.removeprefix("item.")
    why = told.get(label) if isinstance(told, dict) else None
    general = facts.unknown.get(f"{check.each}.{label}" if name != label else name)
    if general is not None:
        why, tally.code = why or general.message, general.reason
    where = f"{item.get('path', '')}:{item.get('line', '')}".strip(":")
    tally.why_unknown = f"{name_of(item) or where or 'an item'}: {why or 'can not be told'}"


def _count_unreadable(check: Check, facts: Facts, tally: Tally) -> None:
    """What is there but can't be read counts as unknown items; where even that list is unknown, as one."""
    name = f"{check.each.split('.')[0]}.unreadable"
    found = facts.values.get(name)
    if found is None:
        missing = facts.unknown.get(name)
        if missing is not None:
            tally.unknown += 1
            if not tally.why_unknown:
                tally.why_unknown, tally.code = missing.message, missing.reason
        return
    if not isinstance(found, list | tuple) or not all(isinstance(entry, dict) for entry in found):
        tally.error = f"{name} is not a list of items"
        return
    if counted := [entry for entry in found if not entry.get("ignored")]:
        tally.unknown += len(counted)
        tally.why_unknown = tally.why_unknown or _unreadable_text(counted)


def _unreadable_text(entries: Sequence[Mapping[str, Any]]) -> str:
    first = entries[0]
    more = f" (and {len(entries) - 1} more)" if len(entries) > 1 else ""
    return f"{first.get('path')}:{first.get('line')} can't be read: {first.get('reason')}{more}"
