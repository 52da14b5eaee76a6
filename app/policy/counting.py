"""The items of an `each` rule, counted three ways: passed, failed, or unknown. Asked for every item of every entity, so
it is kept lean: one program says where an item stands, and only where that says nothing definite is each part asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.facts.model import Facts, Reason
from app.policy import wording
from app.policy.asks import Ask
from app.policy.model import Check, Outcome
from app.policy.rules import (
    FALSE,
    STANDS_FAILED,
    STANDS_PASSED,
    STANDS_SKIPPED,
    STANDS_UNKNOWN,
    TRUE,
    Answer,
    first_line,
    reply,
    undecided,
)
from app.policy.scene import Items

STANDS_ERROR = 4
_PASS, _FAIL, _UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
_DEFINITE = (STANDS_PASSED, STANDS_FAILED, STANDS_SKIPPED, STANDS_UNKNOWN)


def standings_of(ask: Ask, items: Items) -> tuple[bytes, str]:
    """Where each item stands, in their order, and what is broken, "" for nothing; it ends at the first that is."""
    stands = ask.stands
    found: list[int] = []
    bare = ask.check.where is None and ask.check.unknown is None  # what stands is then what is required, asked already
    for _, data, activation in items.found:
        try:
            standing = stands(activation).value()
        except Exception:  # noqa: BLE001 (an exceeded budget, an odd value, no program or no activation)
            standing = None
        if standing not in _DEFINITE:
            if bare and standing is not None:
                standing, detail = _open(undecided(ask.check.require, data, standing))
            else:
                standing, detail = classify(ask.check, data, activation)
            if standing == STANDS_ERROR:
                return bytes(found), detail
        found.append(standing)
    return bytes(found), items.wrong or items.unread.wrong


def outcome_of(check: Check, standings: bytes | bytearray, unread: int) -> Outcome:
    """Unknown items count both ways: decided only where both ways agree. `unread`: how many can't even be read."""
    if STANDS_ERROR in standings:
        return Outcome.ERROR
    passed, total = standings.count(STANDS_PASSED), len(standings) - standings.count(STANDS_SKIPPED) + unread
    if not total and not check.minimum:
        return _FAIL
    needed = check.minimum or check.at_least * total - 1e-9
    if passed >= needed:
        return _PASS
    return _UNKNOWN if passed + standings.count(STANDS_UNKNOWN) + unread >= needed else _FAIL


def why_unknown(check: Check, item: Mapping[str, Any], data: Mapping[str, Any], facts: Facts) -> tuple[str, str]:
    """A sentence and a code for an unknown item: what it says itself, else what is told of the field or the rule."""
    _, name = classify(check, data)
    told, label, code = item.get("unknown"), name.removeprefix("item."), str(Reason.UNREADABLE)
    told = told if isinstance(told, dict) else {}
    why = told.get(label) if label else next(iter(told.values()), None)
    general = facts.unknown.get(f"{check.each}.{label}" if name != label else name)
    if general is not None:
        why, code = why or general.message, str(general.reason)
    where = f"{item.get('path', '')}:{item.get('line', '')}".strip(":")
    if not why and not label and check.unknown is not None:
        why = wording.of_item(item, check.unknown.names)
    return f"{name_of(item) or where or 'an item'}: {why or 'can not be told'}", code


def stand(check: Check, data: Mapping[str, Any]) -> int:
    """Where one item stands, at first asked as a whole."""
    activation = None
    try:
        activation = check.require.activation(data)
        standing: int = check.standing.eval(activation).value()
    except Exception:  # noqa: BLE001 (as above)
        return classify(check, data, activation)[0]
    return standing if standing in _DEFINITE else classify(check, data, activation)[0]


def classify(check: Check, data: Mapping[str, Any], activation: Any = None) -> tuple[int, str]:
    """Where an item stands, its rules asked one by one over `activation`, or over one made of `data` where it is None.

    For STANDS_UNKNOWN also the absent name ("" where the rule itself says so), for STANDS_ERROR why.
    """
    if activation is None:
        try:
            activation = check.require.activation(data)
        except Exception as error:  # noqa: BLE001 (a value that CEL can't hold)
            return STANDS_ERROR, first_line(error)
    if check.where is not None:
        answer = reply(check.where, data, activation)
        if answer is not TRUE:
            return (STANDS_SKIPPED, "") if answer is FALSE else _open(answer)
    if check.unknown is not None:
        answer = reply(check.unknown, data, activation)
        if answer is not FALSE:  # absent here is unknown too: deleting a field must never turn unknown into pass
            return (STANDS_UNKNOWN, "") if answer is TRUE else _open(answer)
    answer = reply(check.require, data, activation)
    if answer is TRUE:
        return STANDS_PASSED, ""
    return (STANDS_FAILED, "") if answer is FALSE else _open(answer)


def _open(answer: Answer) -> tuple[int, str]:
    return (STANDS_ERROR, answer.error) if answer.error else (STANDS_UNKNOWN, answer.absent[0])


def name_of(item: Mapping[str, Any]) -> str:
    """What a person calls the item, or nothing."""
    for key in ("name", "title", "ref"):
        if isinstance(value := item.get(key), str) and value:
            return value
    return ""
