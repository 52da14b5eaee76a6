"""One check on one entity's facts: the rule's answer, with its evidence and offenders. Pure.

An `each` rule counts items three ways. Unknown items count both ways: the check passes if it holds with all of them
failing, fails if it fails with all of them passing, and is unknown otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.facts.model import Facts, Place, Reason
from app.policy.model import Check, Evidence, Offender, Outcome
from app.policy.rules import Answer, Rule, conclude, first_line

MAX_OFFENDERS = 50
_NOT_COLLECTED = "has not been collected"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's answer before waivers and enforcement. `code` is a Reason when unknown."""

    outcome: Outcome
    reason: str = ""
    code: str = ""
    offenders: tuple[Offender, ...] = ()
    total: int = 0
    evidence: tuple[Evidence, ...] = ()


@dataclass(slots=True)
class _Tally:
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    error: str = ""
    why_unknown: str = ""
    code: str = Reason.UNREADABLE
    offenders: list[Mapping[str, Any]] | None = None

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.unknown


def scope(facts: Facts, entity: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What every rule on one entity may see besides its parameters."""
    return {**facts.values, **entity, "now": now}


def judge(check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> Verdict:
    """The verdict of one check. `seen` is `scope(...)`, `parameters` are named `params.…`."""
    return _each(check, facts, seen, parameters) if check.each else _require(check, facts, seen, parameters)


def _ask(rule: Rule, data: Mapping[str, Any], activation: Any) -> Answer:
    try:
        return conclude(rule, data, rule.program.eval(activation))
    except Exception as error:  # noqa: BLE001 (the runtime raises bare exceptions on exceeded budgets and odd values)
        return Answer(None, error=first_line(error))


def _used(names: Sequence[str], seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    data = {name: seen[name] for name in names if name in seen}
    data.update((name, parameters[name]) for name in names if name in parameters)
    return data


def _activate(rule: Rule, data: Mapping[str, Any]) -> Any:
    try:
        return rule.activation(data)
    except Exception as error:  # noqa: BLE001 (a value that CEL can't hold)
        return error


def _require(check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> Verdict:
    rule = check.require
    data = _used(rule.names, seen, parameters)
    activation = _activate(rule, data)
    answer = _ask(rule, data, activation)
    evidence = _evidence(rule, facts, data)
    if answer.value is not None:
        return Verdict(Outcome.PASS if answer.value else Outcome.FAIL, evidence=evidence)
    if answer.error:
        return Verdict(Outcome.ERROR, f"the rule is broken: {answer.error}", evidence=evidence)
    return _unknown(facts, answer.absent[0], evidence)


def _unknown(facts: Facts, name: str, evidence: tuple[Evidence, ...]) -> Verdict:
    missing = facts.unknown.get(name) or facts.unknown.get(name.split(".")[0])
    if missing is None:
        return Verdict(Outcome.UNKNOWN, f"{name} {_NOT_COLLECTED}", Reason.UNREADABLE, evidence=evidence)
    return Verdict(Outcome.UNKNOWN, missing.message, missing.reason, evidence=evidence)


def _evidence(rule: Rule, facts: Facts, data: Mapping[str, Any]) -> tuple[Evidence, ...]:
    found = []
    for name in rule.names:
        if name.startswith(("params.", "entity.", "item.")) or name == "now":
            continue
        place = facts.evidence.get(name, Place())
        found.append(Evidence(name, rule.source, data.get(name), place, facts.given_by.get(name, "")))
    return tuple(found)


def _each(check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> Verdict:
    items = seen.get(check.each)
    if items is None:
        return _unknown(facts, check.each, ())
    if not isinstance(items, list | tuple):
        return Verdict(Outcome.ERROR, f"{check.each} is not a list of items")
    tally = _count(check, items, _used(_names(check), seen, parameters), facts)
    _count_unreadable(check, facts, tally)
    if tally.error:
        return Verdict(Outcome.ERROR, f"the rule is broken: {tally.error}")
    return _concluded(check, tally, facts)


def _names(check: Check) -> list[str]:
    rules = [rule for rule in (check.where, check.require, check.unknown) if rule is not None]
    return list(dict.fromkeys(name for rule in rules for name in rule.names))


def _count(check: Check, items: Sequence[Any], shared: dict[str, Any], facts: Facts) -> _Tally:
    tally = _Tally(offenders=[])
    fields = [(name, name[5:].split(".")) for name in _names(check) if name.startswith("item.")]
    for item in items:
        if not isinstance(item, Mapping):
            tally.error = f"{check.each} holds something that is no item"
            return tally
        if item.get("ignored") and not check.include_ignored:
            continue
        data = dict(shared)
        for name, path in fields:
            value = _lookup(item, path)
            if value is not _ABSENT:
                data[name] = value
        absent = _count_item(check, item, data, tally)
        if absent is not None:
            _count_unknown(check, item, absent, facts, tally)
        if tally.error:
            return tally
    return tally


_ABSENT = object()


def _lookup(item: Any, path: Sequence[str]) -> Any:
    for part in path:
        if not isinstance(item, Mapping) or part not in item:
            return _ABSENT
        item = item[part]
    return item


def _count_item(check: Check, item: Mapping[str, Any], data: Mapping[str, Any], tally: _Tally) -> str | None:
    """None once the item is counted; else the name that was absent ("" where the rule itself says unknown)."""
    activation = _activate(check.require, data)
    if isinstance(activation, Exception):
        tally.error = first_line(activation)
        return None
    if check.where is not None:
        chosen = _ask(check.where, data, activation)
        if chosen.value is not True:
            return _not_definite(chosen, tally)
    if check.unknown is not None:
        hidden = _ask(check.unknown, data, activation)
        if hidden.value is not False:  # absent here is unknown too: deleting a field must never turn unknown into pass
            return "" if hidden.value else _not_definite(hidden, tally)
    answer = _ask(check.require, data, activation)
    if answer.value is True:
        tally.passed += 1
    elif answer.value is False:
        tally.failed += 1
        assert tally.offenders is not None
        tally.offenders.append(item)
    return _not_definite(answer, tally)


def _not_definite(answer: Answer, tally: _Tally) -> str | None:
    tally.error = answer.error
    return answer.absent[0] if answer.absent else None


def _count_unknown(check: Check, item: Mapping[str, Any], name: str, facts: Facts, tally: _Tally) -> None:
    tally.unknown += 1
    if tally.why_unknown:
        return
    told, field = item.get("unknown"), name.removeprefix("item.")
    why = told.get(field) if isinstance(told, Mapping) else None
    general = facts.unknown.get(f"{check.each}.{field}" if name != field else name)
    if general is not None:
        why, tally.code = why or general.message, general.reason
    where = f"{item.get('path', '')}:{item.get('line', '')}".strip(":")
    tally.why_unknown = f"{name_of(item) or where or 'an item'}: {why or 'can not be told'}"


def _count_unreadable(check: Check, facts: Facts, tally: _Tally) -> None:
    """What is there but can't be read counts as unknown items; where even that list is unknown, as one."""
    name = f"{check.each.split('.')[0]}.unreadable"
    missing = facts.unknown.get(name)
    if name not in facts.values and missing is not None:
        tally.unknown += 1
        if not tally.why_unknown:
            tally.why_unknown, tally.code = missing.message, missing.reason
        return
    found = facts.values.get(name, ())
    if not isinstance(found, list | tuple) or not all(isinstance(entry, Mapping) for entry in found):
        tally.error = tally.error or f"{name} is not a list of items"
        return
    if counted := [entry for entry in found if not entry.get("ignored")]:
        tally.unknown += len(counted)
        tally.why_unknown = tally.why_unknown or _unreadable_text(counted)


def _unreadable_text(entries: Sequence[Mapping[str, Any]]) -> str:
    first = entries[0]
    more = f" (and {len(entries) - 1} more)" if len(entries) > 1 else ""
    return f"{first.get('path')}:{first.get('line')} can't be read: {first.get('reason')}{more}"


def _concluded(check: Check, tally: _Tally, facts: Facts) -> Verdict:
    outcome = _outcome(check, tally)
    offenders = tuple(_offender(item) for item in (tally.offenders or [])[:MAX_OFFENDERS])
    observed = f"{tally.passed} of {tally.total} pass" + (f", {tally.unknown} can't be told" if tally.unknown else "")
    evidence = (Evidence(check.each, check.rule_text, observed, Place(), facts.given_by.get(check.each, "")),)
    if outcome is Outcome.PASS:
        return Verdict(outcome, evidence=evidence)
    if outcome is Outcome.UNKNOWN:
        return Verdict(outcome, tally.why_unknown, tally.code, evidence=evidence)
    if not tally.total:
        return Verdict(
            outcome, f"nothing to judge: no {check.each.split('.')[-1].replace('_', ' ')}", evidence=evidence
        )
    reason = (
        f"{tally.failed} of {tally.total} fail" if not check.minimum else f"{tally.passed} of {check.minimum} needed"
    )
    return Verdict(outcome, reason, offenders=offenders, total=tally.failed, evidence=evidence)


def _outcome(check: Check, tally: _Tally) -> Outcome:
    if check.minimum:
        if tally.passed >= check.minimum:
            return Outcome.PASS
        return Outcome.UNKNOWN if tally.passed + tally.unknown >= check.minimum else Outcome.FAIL
    if not tally.total:
        return Outcome.FAIL
    needed = check.at_least * tally.total - 1e-9
    if tally.passed >= needed:
        return Outcome.PASS
    return Outcome.UNKNOWN if tally.passed + tally.unknown >= needed else Outcome.FAIL


def name_of(item: Mapping[str, Any]) -> str:
    """What an item is called: its name, title or reference."""
    for key in ("name", "title", "ref"):
        if isinstance(value := item.get(key), str) and value:
            return value
    return ""


def _offender(item: Mapping[str, Any]) -> Offender:
    text = {key: item[key] if isinstance(item.get(key), str) else "" for key in ("repository", "commit", "path", "url")}
    line = item.get("line")
    return Offender(name_of(item), Place(**text, line=line if isinstance(line, int) else 0))
