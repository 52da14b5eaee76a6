"""When does an outcome turn by time alone? The answer sets when an entity is judged again without any push.

A rule sees time only as `now`, compared with instants of the facts it uses or of its own text, shifted by durations of
its parameters or literals. So the candidates are instant ± duration; each from now on is tried in order, and the first
at which the outcome differs is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.facts.model import Facts
from app.lib import times
from app.policy.judging import _lookup, judge
from app.policy.model import Check, Outcome
from app.policy.rules import Rule

_MAX_CANDIDATES = 64
_TICK = timedelta(microseconds=1)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


def point(
    check: Check, facts: Facts, seen: Mapping[str, Any], parameters: Mapping[str, Any], outcome: Outcome, now: datetime
) -> datetime | None:
    """The first instant after `now` at which the check's outcome is another, or None. Never too late: with more
    candidates than are tried, the last one tried (the check is judged again then, and looks further)."""
    rules = [rule for rule in (check.where, check.require, check.unknown) if rule is not None]
    if not any("now" in rule.names for rule in rules):
        return None
    names = {name for rule in rules for name in rule.names}

    def differs(at: datetime) -> bool:
        return judge(check, facts, {**seen, "now": at}, parameters).outcome is not outcome

    candidates = _candidates(check, rules, names, seen, parameters, now)
    for instant in candidates[:_MAX_CANDIDATES]:
        later = _shift(instant, _TICK) or instant
        if differs(later):  # a rule with `<=` turns just after the instant: judged at it, nothing would be due again
            return instant if instant > now and differs(instant) else later
    return candidates[_MAX_CANDIDATES - 1] if len(candidates) > _MAX_CANDIDATES else None


def _candidates(
    check: Check,
    rules: Iterable[Rule],
    names: Iterable[str],
    seen: Mapping[str, Any],
    parameters: Mapping[str, Any],
    now: datetime,
) -> list[datetime]:
    shifts = {timedelta(0)}
    for name in names:
        if isinstance(value := parameters.get(name), timedelta):
            shifts |= {value, -value}
    for rule in rules:
        for text in rule.durations:
            shifts |= {_duration(text), -_duration(text)}
    instants = {*_instants(check, names, seen), *(at for rule in rules for at in _literals(rule))}
    found = {shifted for instant in instants for shift in shifts if (shifted := _shift(instant, shift)) is not None}
    return sorted(instant for instant in found if instant >= now)


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


def _instants(check: Check, names: Iterable[str], seen: Mapping[str, Any]) -> Iterable[datetime]:
    wanted = [name for name in names if name != "now"]
    for name in wanted:
        if isinstance(value := seen.get(name), datetime) and value.tzinfo is not None:
            yield value
    items: Sequence[Any] = seen.get(check.each) or () if check.each else ()
    fields = [name[5:].split(".") for name in wanted if name.startswith("item.")]
    for item in items if isinstance(items, list | tuple) else ():
        for path in fields:
            if isinstance(value := _lookup(item, path), datetime) and value.tzinfo is not None:
                yield value


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
