"""Tally: counts how each team's entities stand, after judging, so that no page has to. Only teams that moved.

The worker calls `tally` each round, a crawl once at its end. Nothing is judged here; `counts_of` is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from app.pipeline.services import Pipeline
from app.policy.model import Policy
from app.policy.needs import NEXT, TARGET, Stand, Way, needs_of, way_up
from app.policy.needs import counts as counts_now
from app.store.team_counts import EVERYONE, STRANGERS, Count, Distance, Stood

log = structlog.get_logger(__name__)
_WORST_FIRST = ("fail", "error", "unknown", "waived", "pass", "not_applicable")


def tally(pipeline: Pipeline, limit: int = 100_000) -> int:
    """Counts again at most `limit` owners whose entities moved. Returns how many were counted."""
    waiting = pipeline.store.team_counts.touched(limit)
    if not waiting:
        return 0
    now, counts = pipeline.clock(), pipeline.store.team_counts
    groups = pipeline.store.groups.tree()

    def above(owner: str) -> tuple[str, ...]:
        known = not owner or owner in groups.titles
        return owner, *groups.above(owner), *(() if known else (STRANGERS,)), EVERYONE

    counts.follow(groups.digest, above)
    moved: set[str] = set()
    for owner, marks in waiting.items():
        seen, stood = counts.stood(owner)
        counted, lines = counts_of(pipeline.policy, stood, now)
        if counts.save(owner, seen, marks, counted, lines, above):
            moved.update(above(owner))
    counts.save_trends(sorted(moved), now.date())
    log.info("teams.counted", owners=len(waiting))
    return len(waiting)


def counts_of(
    policy: Policy, stood: Iterable[Stood], now: datetime
) -> tuple[list[Count], list[tuple[Stood, Distance]]]:
    """Every count of one owner's entities, and how far each is from its next level. Pure."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    lines: list[tuple[Stood, Distance]] = []
    stands: dict[str, list[Stand]] = {}
    for one in stood:
        card = policy.scorecards.get(one.scorecard)
        if card is None:
            continue
        counts[card.id, "level", one.level, one.held] += 1
        outcomes = {entry.check: one.outcomes[entry.check] for entry in card.entries if entry.check in one.outcomes}
        for check, outcome in outcomes.items():
            counts[card.id, "check", check, outcome] += 1
        counting = {entry.check for entry in card.entries if counts_now(entry, now)}
        for area, outcome in _areas(policy, {c: o for c, o in outcomes.items() if c in counting}).items():
            counts[card.id, "area", area, outcome] += 1
        way = way_up(card, one.level, outcomes, now)
        distance = _distance(policy, way)
        lines.append((one, distance))
        for check in way.failing:
            counts[card.id, "step", check, way.level] += 1
        if distance.check:
            counts[card.id, "alone", distance.check, way.level] += 1
        target, early = str(one.row.get("target_level") or ""), frozenset(outcomes.keys() - counting)
        stands.setdefault(one.entity, []).append(Stand(card, one.level, target, outcomes, early))
    for own in stands.values():
        counts.update(_served(policy, own))
    return [Count(*key, number) for key, number in sorted(counts.items())], lines


def _served(policy: Policy, stands: Sequence[Stand]) -> Iterable[tuple[str, str, str, str]]:
    """The checks before one entity's goals on all of its scorecards, each once; apart the one that is all there is."""
    for goal in (NEXT, TARGET):
        needs = [found for stand in stands if (found := needs_of(policy.checks, stand, goal)) is not None]
        failing = {check for one in needs for check in one.failing}
        for check in failing:
            yield "", "serves", check, goal
            if len(failing) == 1 and not any(one.unseen for one in needs):
                yield "", "lifts", check, goal


def _areas(policy: Policy, outcomes: dict[str, str]) -> dict[str, str]:
    """The worst outcome in each area."""
    worst: dict[str, str] = {}
    for check, outcome in outcomes.items():
        area = policy.checks[check].area
        worst[area] = min(worst.get(area, outcome), outcome, key=_WORST_FIRST.index)
    return worst


def _distance(policy: Policy, way: Way) -> Distance:
    effort = sum(int(policy.checks[check].effort.total_seconds()) for check in way.failing)
    alone = way.failing[0] if len(way.failing) == 1 and not way.unseen else ""
    return Distance(way.level, len(way.failing), len(way.unseen), effort, alone)
