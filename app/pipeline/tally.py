"""Tally: counts how each team's entities stand, after judging, so that no page has to. Only teams that moved.

The worker calls `tally` each round, a crawl once at its end. Nothing is judged here; `counts_of` is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from app.pipeline.services import Pipeline
from app.policy.model import Policy, Scorecard
from app.store.team_counts import EVERYONE, Count, Distance, Stood

log = structlog.get_logger(__name__)
_UNSEEN = ("unknown", "error")
_WORST_FIRST = ("fail", "error", "unknown", "waived", "pass", "not_applicable")


def tally(pipeline: Pipeline, limit: int = 100_000) -> int:
    """Counts again at most `limit` owners whose entities moved. Returns how many were counted."""
    waiting = pipeline.store.team_counts.touched(limit)
    if not waiting:
        return 0
    now, policy = pipeline.clock(), pipeline.policy
    counted = []
    for owner, marks in waiting.items():
        seen, stood = pipeline.store.team_counts.stood(owner)
        counts, near = counts_of(policy, stood, now)
        if pipeline.store.team_counts.save(owner, seen, marks, counts, near):
            counted.append(owner)
    _keep_trends(pipeline, counted, now)
    log.info("teams.counted", owners=len(counted))
    return len(counted)


def _keep_trends(pipeline: Pipeline, owners: Sequence[str], now: datetime) -> None:
    groups = pipeline.store.groups.tree()
    above = {group for owner in owners for group in groups.above(owner)}
    for group in sorted({*owners, *above} - {""}):
        pipeline.store.team_counts.save_trend(group, groups.below(group), now.date())
    if owners:
        pipeline.store.team_counts.save_trend(EVERYONE, None, now.date())


def counts_of(policy: Policy, stood: Iterable[Stood], now: datetime) -> tuple[list[Count], list[Distance]]:
    """Every count of one owner's entities, and how far each is from its next level. Pure."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    near: list[Distance] = []
    for one in stood:
        card = policy.scorecards.get(one.scorecard)
        if card is None:
            continue
        held = {True: "on", False: "below", None: ""}[one.meets_target]
        counts[card.id, "level", one.level, held] += 1
        outcomes = {entry.check: one.outcomes[entry.check] for entry in card.entries if entry.check in one.outcomes}
        for check, outcome in outcomes.items():
            counts[card.id, "check", check, outcome] += 1
        enforced = {e.check for e in card.entries if e.enforced_from is None or e.enforced_from <= now}
        for area, outcome in _areas(policy, {c: o for c, o in outcomes.items() if c in enforced}).items():
            counts[card.id, "area", area, outcome] += 1
        distance, steps = _distance(policy, card, one, {c: o for c, o in outcomes.items() if c in enforced})
        near.append(distance)
        for check in steps:
            counts[card.id, "step", check, distance.next_level] += 1
        if distance.check:
            counts[card.id, "alone", distance.check, distance.next_level] += 1
    return [Count(*key, number) for key, number in sorted(counts.items())], near


def _areas(policy: Policy, outcomes: dict[str, str]) -> dict[str, str]:
    """The worst outcome in each area."""
    worst: dict[str, str] = {}
    for check, outcome in outcomes.items():
        area = policy.checks[check].area
        worst[area] = min(worst.get(area, outcome), outcome, key=_WORST_FIRST.index)
    return worst


def _distance(
    policy: Policy, card: Scorecard, one: Stood, outcomes: dict[str, str]
) -> tuple[Distance, tuple[str, ...]]:
    """How far an entity is from its next level, and the failing checks in between."""
    rank = max(0, card.rank(one.level))
    following = next((level.id for level in card.levels if card.rank(level.id) == rank + 1), "")
    wanted = [entry.check for entry in card.entries if card.rank(entry.level) <= rank + 1] if following else []
    failing = tuple(check for check in wanted if outcomes.get(check) == "fail")
    unseen = sum(outcomes.get(check) in _UNSEEN for check in wanted)
    effort = sum(int(policy.checks[check].effort.total_seconds()) for check in failing)
    alone = failing[0] if len(failing) == 1 and not unseen else ""
    return Distance(one.entity, card.id, following, len(failing), unseen, effort, alone), failing
