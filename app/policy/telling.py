"""What is told of an outcome: its reason, evidence, offenders, and how to mend it. Worked out when someone asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.facts.model import Place, Reason
from app.policy import wording
from app.policy.asks import Ask
from app.policy.counting import name_of, why_unknown
from app.policy.judging import judge
from app.policy.model import CheckResult, Outcome
from app.policy.remediation import render
from app.policy.rules import STANDS_FAILED, STANDS_PASSED, STANDS_UNKNOWN
from app.policy.scene import Scene, laid_out
from app.policy.told import Evidence, Offender, Told

MAX_OFFENDERS = 50
_NOWHERE = Place()
_DECISIVE = {
    Outcome.PASS: STANDS_PASSED,
    Outcome.FAIL: STANDS_FAILED,
    Outcome.UNKNOWN: STANDS_UNKNOWN,
}
"""Outcome → which item is pointed at: the first that stands so."""


@dataclass(slots=True)
class Teller:
    """Tells of one entity's outcomes. `asks`: check → how it was asked."""

    scene: Scene
    asks: Mapping[str, Ask]

    def tell(self, result: CheckResult) -> Told:
        ask = self.asks[result.check.id]
        told = self._told(ask, result)
        if result.enforced or ask.enforced_from is None:
            return told
        begins = f"counts from {ask.enforced_from:%Y-%m-%d}"
        return replace(told, reason=f"{begins}; {told.reason}" if told.reason else begins)

    def _told(self, ask: Ask, result: CheckResult) -> Told:
        clue = result.clue
        if isinstance(clue, CheckResult):
            return self._blocked(result, clue)
        if isinstance(clue, bytes):
            return self._each(ask, result.raw, clue)
        if result.raw is Outcome.UNKNOWN:
            return self._unseen(ask, str(clue))
        evidence = () if ask.check.each else self._evidence(ask)
        if result.raw is Outcome.PASS:
            return Told(evidence=evidence)
        seen = ((one.fact, one.observed) for one in evidence)
        reason = wording.of_facts(seen, ask.check.require.source, ask.parameters) + self._first_problem(evidence)
        if result.raw is Outcome.ERROR:
            no_list = ask.check.each and not isinstance(self.scene.seen.get(ask.check.each), list | tuple)
            reason = str(clue) if no_list else f"the rule is broken: {clue}"
        return Told(reason=reason, evidence=evidence, remediation=self._remediation(ask))

    def unblocked(self, result: CheckResult) -> Told:
        """What would be told of a check if its prerequisite did not decide instead of it: which places fail."""
        ask = self.asks[result.check.id]
        raw, clue = judge(ask, self.scene)
        return self._told(ask, replace(result, raw=raw, clue=clue, known=None))

    def _blocked(self, result: CheckResult, by: CheckResult) -> Told:
        """`blocked_by` names the first of a chain: what is to be mended, or seen."""
        first, remediation = by.blocked_by or by.check.id, by.remediation
        if result.raw is Outcome.FAIL:
            reason = f"blocked by {by.check.id}: {by.check.title.lower()}"
            return Told(reason=reason, remediation=remediation, blocked_by=first)
        why = by.reason if by.blocked_by else f"blocked by {first}: {by.reason}"
        return Told(reason=why, code=by.code or str(Reason.UNREADABLE), remediation=remediation, blocked_by=first)

    def _unseen(self, ask: Ask, name: str) -> Told:
        unknown = self.scene.facts.unknown
        missing = unknown.get(name) or unknown.get(name.split(".")[0])
        return Told(
            reason=f"{name} has not been collected" if missing is None else missing.message,
            code=str(Reason.UNREADABLE if missing is None else missing.reason),
            evidence=() if ask.check.each else self._evidence(ask),
            remediation=self._remediation(ask),
        )

    def _evidence(self, ask: Ask) -> tuple[Evidence, ...]:
        facts, expected = self.scene.facts, ask.expected
        return tuple(
            Evidence(
                name,
                expected,
                self.scene.seen.get(name),
                facts.evidence.get(name, _NOWHERE),
                facts.given_by.get(name, ""),
            )
            for name in ask.check.shown
        )

    def _first_problem(self, evidence: Iterable[Evidence]) -> str:
        """The first of the problems that a fact only counts, with its place."""
        for one in evidence:
            listed = self.scene.facts.values.get(f"{one.fact.removesuffix('_count')}s")
            if one.fact.endswith(".problem_count") and one.observed and isinstance(listed, list):
                first = next((item for item in listed if not item.get("ignored")), None)
                if first is not None:
                    return f", first {first.get('path')}:{first.get('line')} {first.get('message')}"
        return ""

    def _remediation(self, ask: Ask, item: Mapping[str, Any] | None = None) -> str:
        """The check's text for this entity; an item's names come from the first offender."""
        return render(ask.check.remediation, item or {}, self.scene.seen, ask.parameters)

    def remedy(self, result: CheckResult, position: int) -> str:
        """How to mend the offender at a place of the result's list; `Told.remediation` is worded for the first."""
        ask = self.asks[result.check.id]
        if not isinstance(result.clue, bytes):
            return result.remediation
        pairs = zip(self.scene.counted(ask.showing), result.clue, strict=True)
        failing = [item for item, standing in pairs if standing == STANDS_FAILED]
        return self._remediation(ask, failing[position]) if position < len(failing) else result.remediation

    def _each(self, ask: Ask, outcome: Outcome, standings: bytes) -> Told:
        check, unread = ask.check, self.scene.unread(ask.check.each)
        passed, failed = standings.count(STANDS_PASSED), standings.count(STANDS_FAILED)
        unknown = standings.count(STANDS_UNKNOWN) + unread.count
        total = passed + failed + unknown
        observed = f"{passed} of {total} pass" + (f", {unknown} can't be told" if unknown else "")
        given_by = self.scene.facts.given_by.get(check.each, "")
        at = standings.find(_DECISIVE[outcome])
        place = _place(self.scene.counted(ask.showing)[at]) if at >= 0 else _NOWHERE
        evidence = (Evidence(check.each, ask.expected, observed, place, given_by),)
        if outcome is Outcome.PASS:
            return Told(evidence=evidence)
        if outcome is Outcome.UNKNOWN:
            why, code = self._why_unknown(ask, standings)
            item = self.scene.counted(ask.showing)[at] if at >= 0 else None
            return Told(reason=why, code=code, evidence=evidence, remediation=self._remediation(ask, item))
        if not total:
            return Told(reason=wording.nothing(check.each), evidence=evidence, remediation=self._remediation(ask))
        pairs = zip(self.scene.counted(ask.showing), standings, strict=True)
        offenders = [item for item, standing in pairs if standing == STANDS_FAILED]
        return Told(
            reason=wording.too_few(passed, check.minimum, [_seen_of(one, ask) for one in offenders])
            if check.minimum
            else f"{failed} of {total} fail",
            evidence=evidence,
            offenders=tuple(_offender(item, ask) for item in offenders[:MAX_OFFENDERS]),
            offenders_total=failed,
            remediation=self._remediation(ask, offenders[0] if offenders else None),
        )

    def _why_unknown(self, ask: Ask, standings: bytes) -> tuple[str, str]:
        """Of the first unknown item or, without one, of the first unreadable place."""
        if STANDS_UNKNOWN not in standings:
            unread = self.scene.unread(ask.check.each)
            return unread.why, str(unread.code)
        item = self.scene.counted(ask.showing)[standings.index(STANDS_UNKNOWN)]
        data = laid_out(ask.showing, item, self.scene.shared(ask.showing))
        return why_unknown(ask.check, item, data, self.scene.facts)


def beneath(result: CheckResult) -> Told:
    """What is told; of a blocked check what would be if nothing blocked it: what fails already, though nobody asked."""
    if not isinstance(result.teller, Teller) or not result.blocked_by:
        return result.told
    return result.teller.unblocked(result)


def remedy(result: CheckResult, offender: Offender) -> str:
    """How to mend one of a result's offenders; one that is not among them gets the text of the first."""
    if not isinstance(result.teller, Teller) or offender not in result.offenders:
        return result.remediation
    return result.teller.remedy(result, result.offenders.index(offender))


def _offender(item: Mapping[str, Any], ask: Ask) -> Offender:
    return Offender(name_of(item), _place(item), _seen_of(item, ask))


def _seen_of(item: Mapping[str, Any], ask: Ask) -> str:
    rule = ask.check.require
    seen = wording.of_item(item, rule.names, ask.parameters, rule.source, ask.check.each)
    return (seen + wording.rendered_for(item)).removeprefix("; ")


def _place(item: Mapping[str, Any]) -> Place:
    line = item.get("line")
    return Place(
        repository=_text(item, "repository"),
        commit=_text(item, "commit"),
        path=_text(item, "path"),
        line=line if isinstance(line, int) else 0,
        url=_text(item, "url"),
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key, "")
    return value if isinstance(value, str) else ""
