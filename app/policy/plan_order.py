"""The order of a plan's steps: lower levels first, then most weight for least effort, and nothing before what opens it.

A step that opens something for higher levels is worth that, too. Within a level the sum of (worth of a step × the
moment at which it is done) is least. Where each step waits for one other at most, as in a policy whose checks require
one each, that is exact (Horn 1972, "Single-machine job sequencing with treelike precedence ordering": a step
counts together with what it opens, as far as that raises the worth per effort). A step that waits for several counts
from the moment they are done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from app.policy.steps import Step

Worth = dict[tuple[str, ...], int]
_LEAST = 60
"""Seconds: nothing is done in no time."""


@dataclass
class _Bunch:
    """A step with the steps right after it that make it worth more. `left`: bunches that it opens besides."""

    steps: list[Step]
    effort: int
    weight: int
    left: list[_Bunch] = field(default_factory=list)
    cost: float = field(init=False)
    """Effort for one unit of weight. Quotients of whole numbers are equal, or apart, as the fractions are: two would
    have to agree in 15 digits."""
    order: tuple[float, int, int, tuple[str, ...]] = field(init=False)
    """By cost; where that is equal what serves more comes first, then what is sooner done."""

    def __post_init__(self) -> None:
        first = self.steps[0]
        self.cost = self.effort / self.weight
        self.order = (self.cost, -len(first.serves), self.effort, first.checks)


_order = attrgetter("order")


def in_order(steps: Iterable[Step]) -> list[Step]:
    """The steps as they are best worked through."""
    left, done, found = list(steps), set[str](), list[Step]()
    worth = _worth(left)
    for stage in sorted({step.stage for step in left}):
        for step in _staged([step for step in left if step.stage == stage], done, worth):
            found.append(step)
            done |= set(step.checks)
    return found


def _worth(steps: Sequence[Step]) -> Worth:
    """The weight of each step, and of what it opens for higher levels, if through others."""
    giver = {check: step for step in steps for check in step.checks}
    found = {step.checks: step.gain for step in steps}
    for step in steps:
        above, waiting = set[tuple[str, ...]](), [step]
        while waiting:
            for opener in (giver[name] for name in waiting.pop().waits_for if name in giver):
                if opener.checks not in above:
                    above.add(opener.checks)
                    waiting.append(opener)
                    found[opener.checks] += step.gain if opener.stage < step.stage else 0
    return found


def _staged(steps: Sequence[Step], done: set[str], worth: Worth) -> Iterable[Step]:
    """One level's. What comes before it in lower levels is done."""
    giver = {check: step.checks for step in steps for check in step.checks}
    waits = {step.checks: {giver[name] for name in step.waits_for if name in giver} for step in steps}
    below: dict[tuple[str, ...], list[Step]] = {}
    for step in steps:
        if len(waits[step.checks]) == 1:
            below.setdefault(next(iter(waits[step.checks])), []).append(step)
    roots = [_bunch(step, below, worth) for step in steps if len(waits[step.checks]) != 1]
    finished = {given for given in waits if set(given) <= done}
    while roots:
        ready = [one for one in roots if waits[one.steps[0].checks] <= finished]
        best = min(ready, key=_order)
        roots.remove(best)
        roots += best.left
        finished |= {step.checks for step in best.steps}
        yield from best.steps


def _bunch(step: Step, below: dict[tuple[str, ...], list[Step]], worth: Worth) -> _Bunch:
    own = _Bunch([step], max(_LEAST, int(step.effort.total_seconds())), worth[step.checks])
    own.left = [_bunch(one, below, worth) for one in below.get(step.checks, ())]
    while own.left:
        best = min(own.left, key=_order)
        if best.cost >= own.cost:
            break
        own.left.remove(best)
        own.left += best.left
        own = _Bunch([*own.steps, *best.steps], own.effort + best.effort, own.weight + best.weight, own.left)
    return own
