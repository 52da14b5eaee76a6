"""One check on one entity's facts: the rule's answer, with its evidence and offenders. Pure.

An `each` rule counts items three ways (see `counting`). Unknown items count both ways: the check passes if it holds
with all of them failing, fails if it fails with all of them passing, and is unknown otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.facts.model import Facts, Place, Reason
from app.policy.counting import Tally, count, name_of, outcome_of
from app.policy.model import Check, Evidence, Offender, Outcome
from app.policy.rules import Rule, ask

MAX_OFFENDERS = 50
_NOT_COLLECTED = "has not been collected"
_NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's answer before waivers and enforcement. `code` is a Reason when unknown."""

    outcome: Outcome
    reason: str = ""
    code: str = ""
    offenders: tuple[Offender, ...] = ()
    total: int = 0
    evidence: tuple[Evidence, ...] = ()


def scope(facts: Facts, entity: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What every rule on one entity may see besides its parameters."""
    return {**facts.values, **entity, "now": now}


def judge(check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> Verdict:
    """The verdict of one check. `seen` is `scope(...)`, `parameters` are named `params.…`."""
    return _each(check, facts, seen, parameters) if check.each else _require(check, facts, seen, parameters)


def used(names: Sequence[str], seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Of these names, those that have a value."""
    data = {name: seen[name] for name in names if name in seen}
    if parameters:
        data.update((name, parameters[name]) for name in names if name in parameters)
    return data


def _require(check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> Verdict:
    rule = check.require
    data = used(rule.names, seen, parameters)
    answer = ask(rule, data)
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
    return tuple(
        Evidence(name, rule.source, data.get(name), facts.evidence.get(name, _NOWHERE), facts.given_by.get(name, ""))
        for name in rule.names
        if name != "now" and not name.startswith(("params.", "entity.", "item."))
    )


def _each(check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any]) -> Verdict:
    items = seen.get(check.each)
    if items is None:
        return _unknown(facts, check.each, ())
    if not isinstance(items, list | tuple):
        return Verdict(Outcome.ERROR, f"{check.each} is not a list of items")
    tally = count(check, items, used(check.names, seen, parameters), facts)
    if tally.error:
        return Verdict(Outcome.ERROR, f"the rule is broken: {tally.error}")
    return _concluded(check, tally, facts)


def _concluded(check: Check, tally: Tally, facts: Facts) -> Verdict:
    outcome = outcome_of(check, tally)
    observed = f"{tally.passed} of {tally.total} pass" + (f", {tally.unknown} can't be told" if tally.unknown else "")
    evidence = (Evidence(check.each, check.rule_text, observed, _NOWHERE, facts.given_by.get(check.each, "")),)
    if outcome is Outcome.PASS:
        return Verdict(outcome, evidence=evidence)
    if outcome is Outcome.UNKNOWN:
        return Verdict(outcome, tally.why_unknown, tally.code, evidence=evidence)
    if not tally.total:
        things = check.each.split(".")[-1].replace("_", " ")
        return Verdict(outcome, f"nothing to judge: no {things}", evidence=evidence)
    failed = f"{tally.failed} of {tally.total} fail"
    reason = f"{tally.passed} of {check.minimum} needed" if check.minimum else failed
    offenders = tuple(_offender(item) for item in tally.offenders[:MAX_OFFENDERS])
    return Verdict(outcome, reason, offenders=offenders, total=tally.failed, evidence=evidence)


def _offender(item: Mapping[str, Any]) -> Offender:
    line = item.get("line")
    return Offender(
        name_of(item),
        Place(
            repository=_text(item, "repository"),
            commit=_text(item, "commit"),
            path=_text(item, "path"),
            line=line if isinstance(line, int) else 0,
            url=_text(item, "url"),
        ),
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key, "")
    return value if isinstance(value, str) else ""
