"""What a rule does with time, read off its text and parameters: by how much it shifts instants, and which it names."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.lib import times
from app.policy.model import Check

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


def shifts_of(check: Check, parameters: Mapping[str, Any]) -> tuple[timedelta, ...]:
    """By how much a rule may shift an instant before it compares it with `now`, both ways; empty without `now`."""
    if "now" not in check.names:
        return ()
    shifts = {timedelta(0)}
    literal = (_duration(text) for rule in check.rules for text in rule.durations)
    for by in (*literal, *(value for value in parameters.values() if isinstance(value, timedelta))):
        shifts |= {by, -by}
    return tuple(sorted(shifts))


def instants_of(check: Check) -> tuple[datetime, ...]:
    """The timestamps that its rules spell out; what is no instant says so itself when it is asked."""
    found = []
    for rule in check.rules:
        for text in rule.instants:
            with contextlib.suppress(ValueError):
                found.append(times.parse_instant(text))
    return tuple(found)


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
