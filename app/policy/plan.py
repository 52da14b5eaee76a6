"""The cheapest plan to a level: what has to pass on every scorecard of an entity, and in which order. Pure.

What has to pass follows from the outcomes; there is no choice in it. What can be chosen is the order: the lower levels
first, then whatever gives most weight for its effort, counting with each step what it opens (`plan_order`). One piece
of work that serves several checks or scorecards is one step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Any

from app.policy.model import Check, ScorecardResult
from app.policy.needs import TOP, Needs, Stand, needs_of, proofs
from app.policy.plan_order import in_order
from app.policy.steps import Goal, Need, Plan, Step, Unseen

Works = Callable[[str], str]
"""Check → the piece of work that mends it: checks of one name are mended together."""


@dataclass
class _Wanted:
    """A check that has to pass, gathered over scorecards. It waits for what blocks it or is mended first."""

    serves: list[Need] = field(default_factory=list)
    waits_for: set[str] = field(default_factory=set)
    by_itself: bool = False
    """Somewhere nothing blocks it: then it need not wait anywhere."""
    stage: int = 1_000


def plan(checks: Mapping[str, Check], stands: Sequence[Stand], goal: str, works: Works = str) -> Plan:
    """What takes an entity to `goal` on every scorecard that knows it: NEXT, TARGET, TOP or a level's id.

    Waived and not applicable checks are never part of it (one that is waived for what blocks it is taken to hold), nor
    those that do not count yet. `works`: checks of one answer are mended together. The order of scorecards
    and of their checks decides nothing but ties.
    """
    found = [(stand, needs) for stand in stands if (needs := needs_of(checks, stand, goal)) is not None]
    _prove(checks, found)
    goals = tuple(Goal(stand.card.id, stand.level, needs.level, needs.reached, needs.why) for stand, needs in found)
    failing: dict[str, _Wanted] = {}
    unseen: dict[str, _Wanted] = {}
    for stand, needs in found:
        _gather(checks, stand, needs, needs.failing, failing)
    for stand, needs in found:
        for check in needs.unseen:  # what fails on one scorecard is work, though another can't see it
            into = failing if check in failing else unseen
            _gather(checks, stand, needs, {check: needs.unseen[check]}, into)
    for wanted in (failing, unseen):
        _settle(wanted)
    return Plan(goals, _steps(checks, failing, works), _unseen(unseen))


def _gather(
    checks: Mapping[str, Check], stand: Stand, needs: Needs, named: Mapping[str, int], into: dict[str, _Wanted]
) -> None:
    missing = {*needs.failing, *needs.unseen}
    for check, stage in named.items():
        entry, one = stand.card.by_check[check], into.setdefault(check, _Wanted())
        one.serves.append(Need(stand.card.id, check, entry.level, entry.weight))
        blockers = missing & set(checks[check].requires) | {*needs.failing} & set(checks[check].after)
        one.waits_for |= blockers
        one.by_itself |= not blockers
        one.stage = min(one.stage, stage)


def _settle(wanted: Mapping[str, _Wanted]) -> None:
    """What opens something belongs to its level: another scorecard may ask for it later."""
    for one in wanted.values():
        one.waits_for = set() if one.by_itself else one.waits_for
    for one in sorted(wanted.values(), key=lambda one: one.stage):
        waiting = [*one.waits_for]
        while waiting:
            blocker = wanted.get(waiting.pop())
            if blocker is not None and blocker.stage > one.stage:
                blocker.stage = one.stage
                waiting += blocker.waits_for


def _prove(checks: Mapping[str, Check], found: Sequence[tuple[Stand, Needs]]) -> None:
    """Adds what must be seen of areas that a scorecard requires and of which nothing is seen: as little as will do."""
    mended = {check for _, needs in found for check in needs.failing}
    open_ = [(stand, needs, ways) for stand, needs in found for ways in proofs(checks, stand, needs, mended)]
    seen = {check for _, needs in found for check in needs.unseen}
    while still := [ways for _, _, ways in open_ if not _proven(ways, seen)]:
        choices = {frozenset(all_ - seen) for ways in still for all_ in ways.values()}
        seen |= min(choices, key=lambda one: (-sum(_proven(ways, seen | one) for ways in still), len(one), sorted(one)))
    for stand, needs, ways in open_:
        for check in ways[min(check for check, all_ in ways.items() if all_ <= seen)]:
            needs.unseen.setdefault(check, stand.card.rank(needs.level))


def _proven(ways: Mapping[str, frozenset[str]], seen: Collection[str]) -> bool:
    return any(all_ <= set(seen) for all_ in ways.values())


def _steps(checks: Mapping[str, Check], wanted: Mapping[str, _Wanted], works: Works) -> tuple[Step, ...]:
    groups: dict[str, list[str]] = {}
    for check in sorted(wanted):
        groups.setdefault(_work(check, wanted, works), []).append(check)
    opens: dict[str, set[str]] = {check: set() for check in wanted}
    for other, one in wanted.items():
        for check in one.waits_for & opens.keys():
            opens[check].add(other)
    steps = [
        Step(
            checks=tuple(sorted(names, key=lambda name: (len(wanted[name].waits_for), name))),
            serves=tuple(sorted((n for name in names for n in wanted[name].serves), key=_place)),
            waits_for=tuple(sorted(set().union(*(wanted[name].waits_for for name in names)) - set(names))),
            opens=tuple(sorted(set().union(*(opens[name] for name in names)) - set(names))),
            effort=max(checks[name].effort for name in names),
            stage=min(wanted[name].stage for name in names),
        )
        for names in groups.values()
    ]
    return tuple(in_order(steps))


def _work(check: str, wanted: Mapping[str, _Wanted], works: Works) -> str:
    """One piece of work mends what is ready, and what waits for nothing but itself; all else is a step of its own."""
    own = works(check)
    waiting = set(wanted[check].waits_for)
    while waiting:
        name = waiting.pop()
        if works(name) != own:
            return f"{own} {check}"
        waiting |= wanted[name].waits_for
    return own


def _place(need: Need) -> tuple[str, str]:
    return need.scorecard, need.check


def _unseen(wanted: Mapping[str, _Wanted]) -> tuple[Unseen, ...]:
    found = [Unseen(check, tuple(one.serves), tuple(sorted(one.waits_for))) for check, one in wanted.items()]
    return tuple(sorted(found, key=lambda one: (wanted[one.check].stage, bool(one.waits_for), one.check)))


def stand_of(result: ScorecardResult) -> Stand:
    """How a result stands, for `plan`."""
    return Stand(
        result.scorecard,
        result.level,
        result.target_level,
        {one.check.id: one.outcome for one in result.checks},
        frozenset(one.check.id for one in result.checks if not one.enforced),
    )


def next_steps(results: Iterable[ScorecardResult], limit: int = 3) -> list[Step]:
    """The first steps upwards that wait for nothing, over all scorecards given.

    Services of one organisation stand alike more often than not, so what was worked out lately is kept by how they
    stand. It holds for the very scorecards and checks that it was made of, not for others of the same names.
    """
    found = list(results)
    stands = [stand_of(result) for result in found]
    key = tuple((one.card.id, one.level, one.target, *one.outcomes.values(), one.early) for one in stands)
    made_of = (*(one.card for one in stands), *(one.check for result in found for one in result.checks))
    known = _lately.get(key)
    if known is None or len(known[0]) != len(made_of) or not all(map(is_, known[0], made_of)):
        checks = {one.check.id: one.check for result in found for one in result.checks}
        if len(_lately) >= _MOST_KEPT:
            _lately.clear()
        known = _lately[key] = (made_of, plan(checks, stands, TOP).steps)
    return [step for step in known[1] if not step.waits_for][:limit]


_MOST_KEPT = 1_000
_lately: dict[Any, tuple[tuple[object, ...], tuple[Step, ...]]] = {}
