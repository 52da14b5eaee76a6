"""`evaluate(policy, scorecard, subject, facts, now) -> ScorecardResult`. Pure: no I/O and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.facts.model import Facts, Reason
from app.policy import remediation, turning
from app.policy.judging import Verdict, judge, scope
from app.policy.levels import coverage_of, level_of, possible, raw, score_of
from app.policy.model import CheckResult, Entry, Outcome, Policy, Scorecard, ScorecardResult, Subject, Waiver
from app.policy.rules import ask

_COUNTED = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)


def entity_names(subject: Subject) -> dict[str, Any]:
    """The entity as rules name it: `entity.kind`, `entity.labels` …"""
    names: dict[str, Any] = {f"entity.{name}": getattr(subject, name) for name in Subject.__dataclass_fields__}
    names["entity.tags"] = list(subject.tags)
    return names


def applies(scorecard: Scorecard, subject: Subject) -> bool:
    """Whether a scorecard is for this entity at all."""
    return ask(scorecard.applies_to, entity_names(subject)).value is True


def evaluate(
    policy: Policy, scorecard: Scorecard, subject: Subject, facts: Facts, now: datetime, *, commit: str = ""
) -> ScorecardResult:
    """Every outcome, the level and the score of one entity. The caller has asked `applies` first.

    `now` is an aware instant; `facts` are merged for this same instant.
    """
    entity = entity_names(subject)
    seen = scope(facts, entity, now)
    waivers = [waiver for waiver in policy.waivers if waiver.entity == subject.ref]
    results: dict[str, CheckResult] = {}
    for entry in _ordered(policy, scorecard):
        results[entry.check] = _check(policy, entry, subject, facts, seen, waivers, results, now)
    checks = tuple(results[entry.check] for entry in scorecard.entries)
    turns = [result.turns_at for result in checks if result.turns_at] + ([facts.expires_at] if facts.expires_at else [])
    return ScorecardResult(
        scorecard=scorecard,
        level=level_of(scorecard, checks),
        level_possible=level_of(scorecard, possible(checks)),
        raw_level=level_of(scorecard, raw(checks)),
        target_level=scorecard.targets.get(subject.tier, ""),
        score=score_of(checks),
        coverage=coverage_of(checks),
        as_of=facts.collected_at,
        valid_until=min(turns, default=None),
        commit=commit,
        policy_version=policy.version,
        checks=checks,
    )


def _ordered(policy: Policy, scorecard: Scorecard) -> Sequence[Entry]:
    """Entries with prerequisites first, whatever their order in the document. Cycles were refused at load."""
    entries = {entry.check: entry for entry in scorecard.entries}
    done: dict[str, Entry] = {}

    def visit(name: str) -> None:
        if name in done or name not in entries:
            return
        for prerequisite in policy.checks[name].requires:
            visit(prerequisite)
        done[name] = entries[name]

    for name in entries:
        visit(name)
    return list(done.values())


def parameters_of(policy: Policy, entry: Entry, tier: str) -> dict[str, Any]:
    """`params.<name>` → value: the check's default, then by tier, then what the scorecard says."""
    return {
        f"params.{name}": entry.parameters.get(name, parameter.by_tier.get(tier, parameter.default))
        for name, parameter in policy.checks[entry.check].parameters.items()
    }


def _out_of_scope(policy: Policy, entry: Entry, subject: Subject) -> str:
    if entry.tiers and subject.tier not in entry.tiers:
        return f"asked of {', '.join(entry.tiers)} only; this is {subject.tier or 'without a tier'}"
    if entry.scope is not None and ask(entry.scope.applies_to, entity_names(subject)).value is not True:
        return f"asked only of {entry.scope.title}"
    excluded = policy.settings.get("sources_out_of_scope") or ()
    if policy.checks[entry.check].id in excluded or policy.checks[entry.check].area in excluded:
        return "policy leaves this source out of scope"
    return ""


def _check(
    policy: Policy,
    entry: Entry,
    subject: Subject,
    facts: Facts,
    seen: Mapping[str, Any],
    waivers: Iterable[Waiver],
    before: Mapping[str, CheckResult],
    now: datetime,
) -> CheckResult:
    check = policy.checks[entry.check]
    base: dict[str, Any] = {"check": check, "level": entry.level, "weight": entry.weight}
    if reason := _out_of_scope(policy, entry, subject):
        return CheckResult(**base, outcome=Outcome.NOT_APPLICABLE, raw=Outcome.NOT_APPLICABLE, reason=reason)
    parameters = parameters_of(policy, entry, subject.tier)
    blocked = _blocked(check.requires, before)
    verdict = blocked or judge(check, facts, seen, parameters)
    turns_at = None if blocked else turning.point(check, facts, seen, parameters, verdict.outcome, now)
    waiver = _waiver(check.id, check.requires, verdict.outcome, waivers, before, now)
    turns = [turns_at, waiver.until if waiver else None]
    enforced = entry.enforced_from is None or entry.enforced_from <= now
    if not enforced:
        turns.append(entry.enforced_from)
    return CheckResult(
        **base,
        outcome=Outcome.WAIVED if waiver else verdict.outcome,
        raw=verdict.outcome,
        reason=_reason(verdict, entry, enforced),
        code=str(verdict.code),
        evidence=verdict.evidence,
        offenders=verdict.offenders,
        offenders_total=verdict.total,
        remediation=remediation.render(check.remediation, verdict, facts, seen, parameters),
        waiver=waiver,
        enforced=enforced,
        turns_at=min((instant for instant in turns if instant is not None), default=None),
    )


def _reason(verdict: Verdict, entry: Entry, enforced: bool) -> str:
    if enforced or entry.enforced_from is None:
        return verdict.reason
    return f"counts from {entry.enforced_from:%Y-%m-%d}" + (f"; {verdict.reason}" if verdict.reason else "")


def _blocked(requires: Sequence[str], before: Mapping[str, CheckResult]) -> Verdict | None:
    """A prerequisite that fails makes this fail; one that is unknown carries over. There is no free pass."""
    results = [before[name] for name in requires if name in before]
    for result in results:
        if result.raw is Outcome.FAIL:
            return Verdict(Outcome.FAIL, f"blocked by {result.check.id}: {result.check.title.lower()}")
    for result in results:
        if result.raw in (Outcome.UNKNOWN, Outcome.ERROR):
            code = result.code or Reason.UNREADABLE
            return Verdict(Outcome.UNKNOWN, f"blocked by {result.check.id}: {result.reason}", code)
    return None


def _waiver(
    check: str,
    requires: Sequence[str],
    outcome: Outcome,
    waivers: Iterable[Waiver],
    before: Mapping[str, CheckResult],
    now: datetime,
) -> Waiver | None:
    """The waiver in force for a check that needs one: its own, or the one of the prerequisite that blocks it."""
    if outcome not in _COUNTED:
        return None
    own = [waiver for waiver in waivers if waiver.check == check and waiver.until > now]
    if own:
        return max(own, key=lambda waiver: waiver.until)
    inherited = [before[name].waiver for name in requires if name in before]
    return next((waiver for waiver in inherited if waiver is not None), None)
