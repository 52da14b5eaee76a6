"""Judging as the documentation words it, for tests: every rule asked by itself of every item, nothing shared, kept or
put off. `evaluate` must say the same in every byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.facts.model import Facts, Place, Reason
from app.lib import times
from app.policy import wording
from app.policy.evaluate import evaluate
from app.policy.model import Check, CheckResult, Entry, Outcome, Policy, Scorecard, ScorecardResult, Subject
from app.policy.remediation import render
from app.policy.results import to_json
from app.policy.rules import Answer, Rule, ask
from app.policy.told import Evidence, Offender, Told

PASS, FAIL, UNKNOWN, ERROR = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR
TICK = timedelta(microseconds=1)
Names = Mapping[str, Any]
Verdict = tuple[Outcome, Told]


def same(policy: Policy, card: Scorecard, subject: Subject, facts: Facts, now: datetime) -> ScorecardResult:
    """What `evaluate` says, having made sure that it is what plain judging says."""
    fast = evaluate(policy, card, subject, facts, now)
    plain = judge_plainly(policy, card, subject, facts, now)
    assert {r.check.id: r.turns_at for r in fast.checks} == {r.check.id: r.turns_at for r in plain}
    assert body(subject, fast) == body(subject, replace(fast, checks=tuple(plain)))
    return fast


def body(subject: Subject, result: ScorecardResult) -> str:
    return json.dumps(to_json(subject.ref, [result]), ensure_ascii=False, default=repr)


def judge_plainly(policy: Policy, card: Scorecard, subject: Subject, facts: Facts, now: datetime) -> list[CheckResult]:
    """The results of all checks, in the scorecard's order."""
    names = {**facts.values, "now": now}
    names |= {f"entity.{name}": getattr(subject, name) for name in Subject.__dataclass_fields__}
    names |= {f"entity.{name}": list(getattr(subject, name)) for name in ("tags", "api_types")}
    done: dict[str, CheckResult] = {}
    waiting = list(card.entries)
    while waiting:
        entry = waiting.pop(0)
        needed = {other.check for other in waiting} & set(policy.checks[entry.check].requires)
        if needed:
            waiting.append(entry)
        else:
            done[entry.check] = _result(policy, entry, subject, facts, names, done, now)
    return [done[entry.check] for entry in card.entries]


def _result(
    policy: Policy,
    entry: Entry,
    subject: Subject,
    facts: Facts,
    names: Names,
    done: Mapping[str, CheckResult],
    now: datetime,
) -> CheckResult:
    check = policy.checks[entry.check]
    if entry.tiers and subject.tier not in entry.tiers:
        reason = f"asked of {', '.join(entry.tiers)} only; this is {subject.tier or 'without a tier'}"
        return _made(entry, check, Outcome.NOT_APPLICABLE, Told(reason=reason))
    if entry.scope is not None and _ask(entry.scope.applies_to, names).value is not True:
        return _made(entry, check, Outcome.NOT_APPLICABLE, Told(reason=f"asked only of {entry.scope.title}"))
    if {check.id, check.area} & set(policy.settings.get("sources_out_of_scope") or ()):
        return _made(entry, check, Outcome.NOT_APPLICABLE, Told(reason="policy leaves this source out of scope"))
    given = {
        f"params.{name}": entry.parameters.get(name, parameter.by_tier.get(subject.tier, parameter.default))
        for name, parameter in check.parameters.items()
    }
    before = [done[name] for name in check.requires if name in done]
    blocked = _blocked(before)
    outcome, told = blocked or _verdict(check, facts, {**names, **given})
    if outcome is not PASS and not told.remediation and not told.blocked_by:
        told = _told(told, remediation=render(check.remediation, {}, names, given))
    turns = [] if blocked else [_turning(check, facts, {**names, **given}, outcome, now)]
    waiver = None
    if outcome in (FAIL, UNKNOWN, ERROR):
        own = [w for w in policy.waivers if w.entity == subject.ref and w.check == check.id and w.until > now]
        waiver = max(own, key=lambda w: w.until) if own else next((r.waiver for r in before if r.waiver), None)
    if waiver is not None:
        turns.append(waiver.until)
    enforced = entry.enforced_from is None or entry.enforced_from <= now
    if not enforced:
        turns.append(entry.enforced_from)
        begins = f"counts from {entry.enforced_from:%Y-%m-%d}"
        told = _told(told, reason=f"{begins}; {told.reason}" if told.reason else begins)
    turns_at = min((at for at in turns if at is not None), default=None)
    shown = Outcome.WAIVED if waiver else outcome
    return CheckResult(check, entry.level, entry.weight, shown, outcome, waiver, enforced, turns_at, known=told)


def _made(entry: Entry, check: Check, outcome: Outcome, told: Told) -> CheckResult:
    return CheckResult(check, entry.level, entry.weight, outcome, outcome, known=told)


def _told(told: Told, **changed: Any) -> Told:
    return Told(**{**{name: getattr(told, name) for name in Told.__dataclass_fields__}, **changed})


def _blocked(before: Sequence[CheckResult]) -> Verdict | None:
    for result in before:
        if result.raw is FAIL:
            reason, first = f"blocked by {result.check.id}: {result.check.title.lower()}", result.blocked_by
            return FAIL, Told(reason=reason, remediation=result.remediation, blocked_by=first or result.check.id)
    for result in before:
        if result.raw in (UNKNOWN, ERROR):
            reason = result.reason if result.blocked_by else f"blocked by {result.check.id}: {result.reason}"
            first, code = result.blocked_by or result.check.id, result.code or "unreadable"
            return UNKNOWN, Told(reason=reason, code=code, remediation=result.remediation, blocked_by=first)
    return None


def _verdict(check: Check, facts: Facts, names: Names) -> Verdict:
    return _each(check, facts, names) if check.each else _whole(check, facts, names)


def _whole(check: Check, facts: Facts, names: Names) -> Verdict:
    rule = check.require
    evidence = tuple(
        Evidence(
            name,
            wording.of_rule(rule.source, names),
            names.get(name),
            facts.evidence.get(name, Place()),
            facts.given_by.get(name, ""),
        )
        for name in rule.names
        if name.split(".")[0] not in ("now", "params", "entity", "item")
    )
    answer = _ask(rule, names)
    if answer.value is True:
        return PASS, Told(evidence=evidence)
    if answer.value is False:
        reason = wording.of_facts(((e.fact, e.observed) for e in evidence), rule.source, names)
        return FAIL, Told(reason=reason + _first_problem(names, evidence), evidence=evidence)
    if answer.error:
        return ERROR, Told(reason=f"the rule is broken: {answer.error}", evidence=evidence)
    return _unseen(facts, answer.absent[0], evidence)


def _first_problem(names: Names, evidence: Sequence[Evidence]) -> str:
    """Where a rule counts problems, the first that counts stands beside their number."""
    for one in evidence:
        if one.fact.endswith(".problem_count") and one.observed:
            for item in names.get(one.fact.removesuffix("_count") + "s") or ():
                if not item.get("ignored"):
                    return f", first {item.get('path')}:{item.get('line')} {item.get('message')}"
    return ""


def _ask(rule: Rule, names: Names) -> Answer:
    return ask(rule, {name: names[name] for name in rule.names if name in names})


def _unseen(facts: Facts, name: str, evidence: tuple[Evidence, ...]) -> Verdict:
    why = facts.unknown.get(name) or facts.unknown.get(name.split(".")[0])
    if why is None:
        return UNKNOWN, Told(reason=f"{name} has not been collected", code="unreadable", evidence=evidence)
    return UNKNOWN, Told(reason=why.message, code=str(why.reason), evidence=evidence)


def _each(check: Check, facts: Facts, names: Names) -> Verdict:
    items = names.get(check.each)
    if items is None:
        return _unseen(facts, check.each, ())
    if not isinstance(items, list | tuple):
        return ERROR, Told(reason=f"{check.each} is not a list of items")
    passed: list[Any] = []
    failed: list[Any] = []
    doubted: list[Any] = []
    unseen: list[tuple[str, str]] = []
    for item in items:
        if not isinstance(item, dict):
            return ERROR, Told(reason=f"the rule is broken: {check.each} holds something that is no item")
        if item.get("ignored") and not check.include_ignored:
            continue
        means, detail = _means(check, {**names, **_fields(check, item)})
        if means == "error":
            return ERROR, Told(reason=f"the rule is broken: {detail}")
        passed += [item] if means == "passed" else []
        doubted += [item] if means == "unknown" else []
        failed += [item] if means == "failed" else []
        unseen += [_why(check, item, detail, facts)] if means == "unknown" else []
    group = f"{check.each.split('.')[0]}.unreadable"
    places = facts.values.get(group)
    if places is not None and not (isinstance(places, list | tuple) and all(isinstance(p, dict) for p in places)):
        return ERROR, Told(reason=f"the rule is broken: {group} is not a list of items")
    if counted := [place for place in places or () if not place.get("ignored")]:
        first, more = counted[0], f" (and {len(counted) - 1} more)" if len(counted) > 1 else ""
        place = f"{first['path']}:{first.get('line')}" if first.get("path") else "the repository"
        why = f"{place} can't be read: {first.get('reason')}{more}"
        unseen += [(why, "unreadable")] * len(counted)
    elif places is None and group in facts.unknown:
        unseen.append((facts.unknown[group].message, str(facts.unknown[group].reason)))
    return _concluded(check, facts, names, passed, failed, doubted, unseen)


def _fields(check: Check, item: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (name for name in check.names if name.startswith("item.")):
        node: Any = item
        for part in name.split(".")[1:]:
            node = node.get(part, found) if isinstance(node, dict) else found
        if node is not found:
            found[name] = node
    return found


def _means(check: Check, names: Names) -> tuple[str, str]:
    where = Answer(True) if check.where is None else _ask(check.where, names)
    if where.value is not True:
        return ("skipped", "") if where.value is False else _open(where)
    unknown = Answer(False) if check.unknown is None else _ask(check.unknown, names)
    if unknown.value is not False:
        return ("unknown", "") if unknown.value else _open(unknown)
    required = _ask(check.require, names)
    if required.value is None:
        return _open(required)
    return ("passed" if required.value else "failed"), ""


def _open(answer: Answer) -> tuple[str, str]:
    return ("error", answer.error) if answer.error else ("unknown", answer.absent[0])


def _why(check: Check, item: Mapping[str, Any], name: str, facts: Facts) -> tuple[str, str]:
    label, code = name.removeprefix("item."), str(Reason.UNREADABLE)
    told = item["unknown"] if isinstance(item.get("unknown"), dict) else {}
    why = told.get(label) if label else next(iter(told.values()), None)
    general = facts.unknown.get(f"{check.each}.{label}" if name != label else name)
    if general is not None:
        why, code = why or general.message, str(general.reason)
    where = f"{item.get('path', '')}:{item.get('line', '')}".strip(":")
    if not label and not why and check.unknown is not None:
        why = wording.of_item(item, check.unknown.names)
    return f"{_name(item) or where or 'an item'}: {why or 'can not be told'}", code


def _name(item: Mapping[str, Any]) -> str:
    texts = [item.get(key) for key in ("name", "title", "ref")]
    return next((text for text in texts if isinstance(text, str) and text), "")


def _concluded(
    check: Check,
    facts: Facts,
    names: Names,
    good: list[Any],
    failed: list[Any],
    doubted: list[Any],
    unseen: list[tuple[str, str]],
) -> Verdict:
    passed = len(good)
    total = passed + len(failed) + len(unseen)
    needed = check.minimum or check.at_least * total - 1e-9
    if (total or check.minimum) and passed >= needed:
        outcome = PASS
    else:
        outcome = UNKNOWN if (total or check.minimum) and passed + len(unseen) >= needed else FAIL
    observed = f"{passed} of {total} pass" + (f", {len(unseen)} can't be told" if unseen else "")
    pointed = {PASS: good, FAIL: failed, UNKNOWN: doubted}[outcome]
    place = _offender(pointed[0]).place if pointed else Place()
    evidence = (
        Evidence(
            check.each, wording.of_rule(check.rule_text, names), observed, place, facts.given_by.get(check.each, "")
        ),
    )
    if outcome is PASS:
        return PASS, Told(evidence=evidence)
    if outcome is UNKNOWN:
        remediation = render(check.remediation, doubted[0] if doubted else {}, names, names)
        return UNKNOWN, Told(reason=unseen[0][0], code=unseen[0][1], evidence=evidence, remediation=remediation)
    if not total:
        return FAIL, Told(reason=wording.nothing(check.each), evidence=evidence)
    seen = [_seen(check, one, names) for one in failed]
    return FAIL, Told(
        reason=wording.too_few(passed, check.minimum, [one.removeprefix("; ") for one in seen])
        if check.minimum
        else f"{len(failed)} of {total} fail",
        evidence=evidence,
        offenders=tuple(replace(_offender(item), observed=_seen(check, item, names)) for item in failed[:50]),
        offenders_total=len(failed),
        remediation=render(check.remediation, failed[0] if failed else {}, names, names),
    )


def _offender(item: Mapping[str, Any]) -> Offender:
    texts = {
        key: item[key] if isinstance(item.get(key), str) else "" for key in ("repository", "commit", "path", "url")
    }
    line = item.get("line")
    return Offender(_name(item), Place(**texts, line=line if isinstance(line, int) else 0))


def _turning(check: Check, facts: Facts, names: Names, outcome: Outcome, now: datetime) -> datetime | None:
    if "now" not in check.names:
        return None
    own = [names.get(f"params.{name}") for name in check.parameters]
    shifts = {by for by in names.values() if isinstance(by, timedelta) and by in own}
    rules = [rule for rule in (check.where, check.unknown, check.require) if rule is not None]
    shifts |= {times.parse_duration(text) for rule in rules for text in rule.durations}
    candidates = set()
    for instant in _instants(check, names):
        for by in {timedelta(0)} | shifts | {-by for by in shifts}:
            try:
                candidates.add(instant + by)
            except OverflowError:
                continue
    coming = sorted(at for at in candidates if at >= now)
    for at in coming[:64]:
        if _verdict(check, facts, {**names, "now": at + TICK})[0] is not outcome:
            exact = at > now and _verdict(check, facts, {**names, "now": at})[0] is not outcome
            return at if exact else at + TICK
    return coming[63] if len(coming) > 64 else None


def _instants(check: Check, names: Names) -> Iterator[datetime]:
    items = names.get(check.each) if check.each else ()
    counted = [
        item
        for item in (items if isinstance(items, list | tuple) else ())
        if isinstance(item, dict) and (check.include_ignored or not item.get("ignored"))
    ]
    values = [names.get(name) for name in check.names if name != "now"]
    values += [value for item in counted for value in _fields(check, item).values()]
    return (value for value in values if isinstance(value, datetime) and value.tzinfo is not None)


def _seen(check: Check, item: Mapping[str, Any], names: Names) -> str:
    rule = check.require
    return wording.of_item(item, rule.names, names, rule.source, check.each) + wording.rendered_for(item)
