"""When does an outcome turn by time alone? The answer sets when an entity is judged again without any push.

A rule sees time only as `now`, compared with instants of the facts it uses or of its own text, shifted by durations of
its parameters or literals. So the candidates are instant ± duration; each from now on is tried in order, and the first
at which the outcome differs is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.facts.model import Facts
from app.lib import times
from app.policy.counting import Standing, Tally, classify, count, counts, data_of, outcome_of
from app.policy.judging import judge, used
from app.policy.model import Check, Outcome
from app.policy.rules import Rule

_MAX_CANDIDATES = 64
_TICK = timedelta(microseconds=1)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_EVERY = -1
"""Stands for every item where an instant is no single item's."""


def point(
    check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any], outcome: Outcome, now: datetime
) -> datetime | None:
    """The first instant after `now` at which the check's outcome is another, or None. Never too late: with more
    candidates than are tried, the last one tried (the check is judged again then, and looks further)."""
    if "now" not in check.names:
        return None
    candidates = _candidates(check, seen, parameters, now)
    if not candidates:
        return None
    outcome_after = _recount(check, facts, seen, parameters) if check.each else None

    def judged(at: datetime) -> Outcome:
        return judge(check, facts, {**seen, "now": at}, parameters).outcome

    instants = sorted(candidates)
    for instant in instants[:_MAX_CANDIDATES]:
        later = _shift(instant, _TICK) or instant
        then = outcome_after(later, candidates[instant]) if outcome_after else judged(later)
        if then is not outcome:  # a rule with `<=` turns just after the instant: judged at it, nothing would be due
            return instant if instant > now and judged(instant) is not outcome else later
    return instants[_MAX_CANDIDATES - 1] if len(instants) > _MAX_CANDIDATES else None


def _recount(
    check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Callable[[datetime, set[int]], Outcome] | None:
    """The outcome at later and later instants, asking only the items that the instant can turn."""
    items = seen.get(check.each)
    if not isinstance(items, list | tuple) or not all(isinstance(item, dict) for item in items):
        return None
    shared = used(check.names, seen, parameters)
    unread = count(check, (), shared, facts)
    data = {number: data_of(check, item, shared) for number, item in enumerate(items) if counts(check, item)}
    standings = {number: classify(check, known)[0] for number, known in data.items()}
    if check.where is not None and "now" not in check.where.names:  # what it does not mean now it never will
        data = {number: known for number, known in data.items() if standings[number] is not Standing.SKIPPED}
    last = outcome_of(check, _tally(list(standings.values()), unread))

    def at(instant: datetime, affected: set[int]) -> Outcome:
        nonlocal last
        before = list(standings.values())
        for number in data if _EVERY in affected else affected & data.keys():
            data[number]["now"] = instant
            standings[number] = classify(check, data[number])[0]
        if (after := list(standings.values())) != before:
            last = outcome_of(check, _tally(after, unread))
        return last

    return at


def _tally(standings: Sequence[Standing], unread: Tally) -> Tally:
    return Tally(
        standings.count(Standing.PASSED),
        standings.count(Standing.FAILED),
        standings.count(Standing.UNKNOWN) + unread.unknown,
        "an item" if Standing.ERROR in standings else unread.error,
    )


def _candidates(
    check: Check, seen: Mapping[str, Any], parameters: Mapping[str, Any], now: datetime
) -> dict[datetime, set[int]]:
    """Instants from `now` on → the items that may turn then."""
    rules = [rule for rule in (check.where, check.require, check.unknown) if rule is not None]
    shifts = {timedelta(0)}
    for by in (*_durations(rules), *(value for value in parameters.values() if isinstance(value, timedelta))):
        shifts |= {by, -by}
    found: dict[datetime, set[int]] = {}
    for instant, number in _instants(check, rules, seen):
        for shift in shifts:
            if (shifted := _shift(instant, shift)) is not None and shifted >= now:
                found.setdefault(shifted, set()).add(number)
    return found


def _durations(rules: Iterable[Rule]) -> Iterable[timedelta]:
    return (_duration(text) for rule in rules for text in rule.durations)


def _instants(check: Check, rules: Iterable[Rule], seen: Mapping[str, Any]) -> Iterable[tuple[datetime, int]]:
    """Every instant that a rule may compare with `now`, and whose it is."""
    known = [seen.get(name) for name in check.names if name != "now"]
    for value in (*known, *(at for rule in rules for at in _literals(rule))):
        if isinstance(value, datetime) and value.tzinfo is not None:
            yield value, _EVERY
    items: Any = seen.get(check.each) if check.each else ()
    for number, item in enumerate(items if isinstance(items, list | tuple) else ()):
        for value in data_of(check, item, {}).values() if isinstance(item, dict) else ():
            if isinstance(value, datetime) and value.tzinfo is not None:
                yield value, number


def _literals(rule: Rule) -> Iterable[datetime]:
    for text in rule.instants:
        try:
            yield times.parse_instant(text)
        except ValueError:
            continue  # no instant: the rule says so itself when it is asked


def _shift(instant: datetime, by: timedelta) -> datetime | None:
    try:
        return instant + by
    except OverflowError:
        return None


def _duration(text: str) -> timedelta:
    """A CEL duration literal such as `24h` or `1.5h`; zero when it is none (the rule says so itself)."""
    try:
        return times.parse_duration(text)
    except ValueError:
        pass_through = text.strip()
        try:
            return timedelta(seconds=float(pass_through[:-1]) * _UNITS[pass_through[-1]])
        except (ValueError, KeyError, IndexError):
            return timedelta(0)
