"""`evaluate(policy, scorecard, subject, facts, now) -> ScorecardResult`. Pure: no I/O and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.facts.model import Facts
from app.policy import levels, turning
from app.policy.asks import Ask, questionnaire, waivers_of
from app.policy.judging import Verdict, judge
from app.policy.model import CheckResult, Outcome, Policy, Scorecard, ScorecardResult, Subject, Waiver
from app.policy.rules import ask as ask_rule
from app.policy.scene import Scene, entity_names
from app.policy.telling import Teller

_FAIL, _UNKNOWN, _ERROR = Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR


def applies(scorecard: Scorecard, subject: Subject) -> bool:
    """Whether a scorecard is for this entity at all."""
    return ask_rule(scorecard.applies_to, entity_names(subject)).value is True


def evaluate(
    policy: Policy,
    scorecard: Scorecard,
    subject: Subject,
    facts: Facts,
    now: datetime,
    *,
    commit: str = "",
    granted: Sequence[Waiver] = (),
) -> ScorecardResult:
    """Every outcome, the level and the score of one entity. The caller has asked `applies` first.

    `now` is an aware instant; `facts` are merged for this same instant, and stay as they are: what is told of an
    outcome is worked out of them when someone asks. `granted`: this entity's waivers beside those of policy.
    """
    asked = questionnaire(policy, scorecard, subject.tier)
    scene = Scene(facts, entity_names(subject), now)
    teller = Teller(scene, asked.by_check)
    waivers = (*waivers_of(policy, subject.ref), *granted)
    results: list[CheckResult] = [None] * len(asked.asks)  # type: ignore[list-item]
    for ask in asked.asks:
        narrowed = ask.scope is not None or ask.excluded is not None
        left_out = _excluded(ask, scene) if narrowed else None
        results[ask.position] = left_out or _result(ask, scene, teller, waivers, results)
    scene.forget()
    turns = [result.turns_at for result in results if result.turns_at is not None]
    if facts.expires_at is not None:
        turns.append(facts.expires_at)
    valid_until = min(turns, default=None)
    steady = [at for at in (scene.steady_until, valid_until) if at is not None]
    standing = levels.standing(scorecard, results)
    return ScorecardResult(
        scorecard=scorecard,
        level=standing.level,
        level_possible=standing.possible,
        raw_level=standing.raw,
        target_level=scorecard.targets.get(subject.tier, ""),
        score=standing.score,
        coverage=standing.coverage,
        as_of=facts.collected_at,
        valid_until=valid_until,
        commit=commit,
        policy_version=policy.version,
        checks=tuple(results),
        steady_until=min(steady, default=None),
    )


def _excluded(ask: Ask, scene: Scene) -> CheckResult | None:
    if ask.scope is not None and not scene.is_in(ask.scope):
        return ask.beyond
    return ask.excluded


def _result(
    ask: Ask, scene: Scene, teller: Teller, waivers: Sequence[Waiver], results: Sequence[CheckResult]
) -> CheckResult:
    blocked = _blocked(ask, results) if ask.requires else None
    outcome, clue = blocked or judge(ask, scene)
    turns_at = turning.point(ask, scene, outcome, clue) if ask.shifts and blocked is None else None
    waiver = _waiver(ask, outcome, waivers, results, scene.now) if waivers else None
    if waiver is not None and (turns_at is None or waiver.until < turns_at):
        turns_at = waiver.until
    begins = ask.enforced_from
    enforced = begins is None or begins <= scene.now
    if begins is not None and not enforced:
        turns_at = begins if turns_at is None else min(turns_at, begins)
    given = outcome if waiver is None else Outcome.WAIVED
    return CheckResult(ask.check, ask.level, ask.weight, given, outcome, waiver, enforced, turns_at, teller, clue)


def _blocked(ask: Ask, results: Sequence[CheckResult]) -> Verdict | None:
    """A prerequisite that fails makes this fail; one that is unknown carries over. There is no free pass."""
    unseen = None
    for position in ask.requires:
        result = results[position]
        if result.raw is _FAIL:
            return _FAIL, result
        if unseen is None and (result.raw is _UNKNOWN or result.raw is _ERROR):
            unseen = result
    return None if unseen is None else (_UNKNOWN, unseen)


def _waiver(
    ask: Ask, outcome: Outcome, waivers: Sequence[Waiver], results: Sequence[CheckResult], now: datetime
) -> Waiver | None:
    """The waiver in force for a check that needs one: its own, or the one of the prerequisite that blocks it."""
    if outcome is not _FAIL and outcome is not _UNKNOWN and outcome is not _ERROR:
        return None
    own = [waiver for waiver in waivers if waiver.check == ask.check.id and waiver.until > now]
    if own:
        return max(own, key=lambda waiver: waiver.until)
    inherited = (results[position].waiver for position in ask.requires)
    return next((waiver for waiver in inherited if waiver is not None), None)
