"""When does an outcome turn by time alone? The answer sets when an entity is judged again without any push.

A rule sees time only as `now`, compared with instants of the facts it uses or of its own text, shifted by durations of
its parameters or literals. So the candidates are instant ± duration; each from now on is tried in order, and the first
at which the outcome differs is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from app.policy.asks import Ask
from app.policy.counting import outcome_of, stand
from app.policy.judging import Clue
from app.policy.model import Outcome
from app.policy.rules import STANDS_SKIPPED
from app.policy.rules import ask as ask_rule
from app.policy.scene import Scene

_MAX_CANDIDATES = 64
_TICK = timedelta(microseconds=1)
_EVERY = -1
"""Stands for every item where an instant is no single item's."""
OutcomeAt = Callable[[datetime, set[int]], Outcome]


def point(ask: Ask, scene: Scene, outcome: Outcome, clue: Clue) -> datetime | None:
    """The first instant after now at which the check's outcome is another, or None. Never too late: with more
    candidates than are tried, the last one tried (the check is judged again then, and looks further)."""
    candidates = _candidates(ask, scene)
    if not candidates:
        return None
    now, first = scene.now, min(candidates)
    if scene.steady_until is None or first < scene.steady_until:
        scene.steady_until = first
    at = _each_at(ask, scene, outcome, clue) if ask.check.each else _whole_at(ask, scene)
    instants = sorted(candidates)
    for instant in instants[:_MAX_CANDIDATES]:
        later = _shift(instant, _TICK) or instant
        if at(later, candidates[instant]) is not outcome:
            # A rule with `<=` turns just after the instant: judged at it, nothing would be due.
            return instant if instant > now and at(instant, candidates[instant]) is not outcome else later
    return instants[_MAX_CANDIDATES - 1] if len(instants) > _MAX_CANDIDATES else None


def _whole_at(ask: Ask, scene: Scene) -> OutcomeAt:
    rule = ask.check.require
    data = scene.used(rule.names, ask.parameters)

    def at(instant: datetime, _affected: set[int]) -> Outcome:
        answer = ask_rule(rule, {**data, "now": instant})
        if answer.value is None:
            return Outcome.ERROR if answer.error else Outcome.UNKNOWN
        return Outcome.PASS if answer.value else Outcome.FAIL

    return at


def _each_at(ask: Ask, scene: Scene, outcome: Outcome, clue: Clue) -> OutcomeAt:
    """The outcome at later and later instants, asking only the items that the instant can turn."""
    check, items = ask.check, scene.items(ask.showing)
    if items is None or not isinstance(clue, bytes):
        return lambda _instant, _affected: outcome  # unseen or broken, whatever the hour
    now_stand = bytearray(clue)
    open_ended = check.where is None or "now" in check.where.names

    def at(instant: datetime, affected: set[int]) -> Outcome:
        for number in range(len(now_stand)) if _EVERY in affected else affected:
            if open_ended or now_stand[number] != STANDS_SKIPPED:  # what it does not mean now it never will
                now_stand[number] = stand(check, {**items.found[number][1], "now": instant})
        return outcome_of(check, now_stand, items.unread.count)

    return at


def _candidates(ask: Ask, scene: Scene) -> dict[datetime, set[int]]:
    """Instants from now on → the items that may turn then."""
    found: dict[datetime, set[int]] = {}
    now = scene.now
    for instant, number in _instants(ask, scene):
        for by in ask.shifts:
            if (shifted := _shift(instant, by)) is not None and shifted >= now:
                found.setdefault(shifted, set()).add(number)
    return found


def _instants(ask: Ask, scene: Scene) -> Iterator[tuple[datetime, int]]:
    """Every instant that a rule may compare with `now`, and whose it is."""
    check = ask.check
    for value in (*(scene.seen.get(name) for name in check.names if name != "now"), *ask.instants):
        if isinstance(value, datetime) and value.tzinfo is not None:
            yield value, _EVERY
    items = scene.items(ask.showing) if check.each else None
    for number, (_, data, _) in enumerate(items.found if items else ()):
        for name, _, _ in check.item_paths:
            value = data.get(name)
            if isinstance(value, datetime) and value.tzinfo is not None:
                yield value, number


def _shift(instant: datetime, by: timedelta) -> datetime | None:
    try:
        return instant + by
    except OverflowError:
        return None
