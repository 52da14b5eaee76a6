"""An entity's plan as JSON, from results as they are stored or dumped: what `/next-steps`, `check`, `explain` and pages
tell. What can be mended is said with each step, and how to ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from app.lib.times import format_duration
from app.policy.model import Check, Scorecard, ScorecardResult
from app.policy.needs import NEXT, TARGET, TOP, Stand
from app.policy.plan import plan
from app.policy.results import scorecard_json
from app.policy.steps import Need, Plan, Step, Unseen
from app.remediation import offers

if TYPE_CHECKING:  # `check` plans too, and starts without a store
    from app.store.standing_rows import Serving

GOALS = (NEXT, TARGET, TOP)
Card = Mapping[str, Any]
"""One scorecard's result in the one JSON shape."""


class Known(Protocol):
    """What a plan needs of a policy."""

    @property
    def checks(self) -> Mapping[str, Check]: ...
    @property
    def scorecards(self) -> Mapping[str, Scorecard]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """The policy as far as results tell it."""

    checks: Mapping[str, Check]
    scorecards: Mapping[str, Scorecard]

    @classmethod
    def by(cls, results: Sequence[ScorecardResult]) -> Asked:
        checks = {one.check.id: one.check for result in results for one in result.checks}
        return cls(checks, {result.scorecard.id: result.scorecard for result in results})


def plan_of(results: Sequence[ScorecardResult], goal: str) -> dict[str, Any]:
    """The plan of results that were just judged; see `plan_json`."""
    return plan_json(Asked.by(results), [scorecard_json(result) for result in results], goal)


def first_steps(results: Sequence[ScorecardResult], limit: int = 3) -> list[dict[str, Any]]:
    """What to do first, upwards: steps that wait for nothing."""
    return [step for step in plan_of(results, TOP)["items"] if not step["waits_for"]][:limit]


def goals_of(policy: Known, cards: Iterable[Card]) -> list[str]:
    """What may be aimed at: the three words, and the levels of these scorecards."""
    known = [policy.scorecards[card["id"]] for card in cards if card["id"] in policy.scorecards]
    return list(dict.fromkeys([*GOALS, *(level.id for card in known for level in card.levels)]))


def stands_of(policy: Known, cards: Iterable[Card]) -> list[Stand]:
    """How an entity stands. A scorecard that policy no longer has, and checks that it no longer asks, are left out."""
    return [
        Stand(
            policy.scorecards[card["id"]],
            card["level"],
            card["target_level"] or "",
            {
                one["id"]: one["outcome"]
                for one in card["checks"]
                if one["id"] in policy.scorecards[card["id"]].by_check
            },
            frozenset(one["id"] for one in card["checks"] if not one["enforced"]),
        )
        for card in cards
        if card["id"] in policy.scorecards
    ]


def planned(policy: Known, cards: Sequence[Card], goal: str) -> Plan:
    """The cheapest plan over all of them."""
    return plan(policy.checks, stands_of(policy, cards), goal, lambda check: offers.work_of(policy.checks[check]))


def plan_json(policy: Known, cards: Sequence[Card], goal: str) -> dict[str, Any]:
    """`items` are the steps in the order to work in; `unseen` must be seen, too; `goals` tell what both lead to."""
    cards = [card for card in cards if card["id"] in policy.scorecards]
    found = planned(policy, cards, goal)
    told = {(card["id"], check["id"]): check for card in cards for check in card["checks"]}
    return {
        "goal": goal,
        "goals": [
            {
                "scorecard": one.scorecard,
                "title": policy.scorecards[one.scorecard].title,
                "level": one.now,
                "goal": one.level or None,
                "reached": one.reached,
                "steps": sum(any(need.scorecard == one.scorecard for need in step.serves) for step in found.steps),
                "unseen": sum(any(need.scorecard == one.scorecard for need in see.serves) for see in found.unseen),
                "why": one.why,
            }
            for one in found.goals
        ],
        "effort": format_duration(found.effort),
        "effort_at_most": format_duration(found.effort_at_most),
        "items": [_step(policy, step, told) for step in found.steps],
        "unseen": [_unseen(policy, one, told) for one in found.unseen],
    }


def _step(policy: Known, step: Step, told: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    first = min(step.serves, key=lambda need: policy.scorecards[need.scorecard].rank(need.level))
    said = told[first.scorecard, first.check]
    return {
        "scorecard": first.scorecard,
        "check": first.check,
        "title": said["title"],
        "level": first.level,
        "towards": policy.scorecards[first.scorecard].levels[step.stage - 1].id,
        "weight": first.weight,
        "effort": format_duration(step.effort),
        "remediation": said["remediation"],
        "opens": list(step.opens),
        "checks": list(step.checks),
        "serves": [_need(need) for need in step.serves],
        "waits_for": list(step.waits_for),
        "fix": offer(policy, step.checks),
    }


def _unseen(policy: Known, one: Unseen, told: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    said = told[one.serves[0].scorecard, one.check]
    return {
        "check": one.check,
        "title": policy.checks[one.check].title,
        "reason": said["reason"],
        "reason_code": said["reason_code"],
        "serves": [_need(need) for need in one.serves],
        "waits_for": list(one.waits_for),
    }


def _need(need: Need) -> dict[str, Any]:
    return {"scorecard": need.scorecard, "check": need.check, "level": need.level, "weight": need.weight}


def serving_json(policy: Known, found: Iterable[Serving]) -> list[dict[str, Any]]:
    """What serves most entities of a group first; then what lifts more by itself, then what is sooner done."""
    known = [one for one in found if one.check in policy.checks]
    known.sort(key=lambda one: (-one.entities, -one.alone, policy.checks[one.check].effort, one.check))
    return [
        {
            "check": one.check,
            "title": policy.checks[one.check].title,
            "area": policy.checks[one.check].area,
            "effort": format_duration(policy.checks[one.check].effort),
            "entities": one.entities,
            "alone": one.alone,
            "scorecards": [card.id for card in policy.scorecards.values() if one.check in card.by_check],
            "fix": offer(policy, [one.check]),
        }
        for one in known
    ]


def offer(policy: Known, checks: Sequence[str]) -> dict[str, Any] | None:
    """Where a fix or a skeleton to fill is made for them: which, and the command that shows it."""
    kinds = [kind for check in checks if (kind := offers.kind_of(policy.checks[check]))]
    if not kinds:
        return None
    return {"kind": kinds[0], "command": "roadworthy fix " + " ".join(f"--check {check}" for check in checks)}
