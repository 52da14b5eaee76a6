"""Compliance windows, in Prometheus' spelling and seconds, from each format's own.

Months count 30 days, quarters 90 and years 365, as Prometheus' `y` does. Sources: the OpenSLO specification
(duration-shorthand), its v1alpha `timeWindows`, Nobl9's documentation, prometheus/common model.ParseDuration.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from app.lib.times import format_duration, parse_duration

_DAY = 86_400
_OPENSLO = {"m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY, "M": 30 * _DAY, "Q": 90 * _DAY, "Y": 365 * _DAY}
_UNITS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": _DAY,
    "week": 7 * _DAY,
    "month": 30 * _DAY,
    "quarter": 90 * _DAY,
    "year": 365 * _DAY,
}
_MOST_SECONDS = 100 * _OPENSLO["Y"]


def openslo(text: str, *, months: bool = True) -> tuple[str, int]:
    """An OpenSLO duration: `m` is minutes, `M` months, `Q` quarters, `Y` years (v2alpha has none of these three).

    Returns (as Prometheus writes it, seconds). Raises ValueError, for zero too.
    """
    match = re.fullmatch(r"([0-9]{1,9})([mhdwMQY])", text.strip())
    if match is None or (match[2] in "MQY" and not months):
        example = "28d, 4w or 1M" if months else "28d or 4w"
        raise ValueError(f"“{text[:40]}” is not an OpenSLO duration such as {example}")
    return _written(int(match[1]) * _OPENSLO[match[2]], text)


def unit_and_count(unit: str, count: object) -> tuple[str, int]:
    """OpenSLO v1alpha's and Nobl9's window: a unit such as Day and a count. Raises ValueError."""
    size = _UNITS.get(unit.lower())
    if size is None:
        raise ValueError(f"“{unit[:40]}” is not a unit such as Day, Week, Month or Quarter")
    if isinstance(count, bool) or not isinstance(count, int):
        raise ValueError(f"“{str(count)[:40]}” is not a number of {unit.lower()}s")
    return _written(size * count, f"{count:d} {unit}" if abs(count) < 10**9 else unit)


def prometheus(text: str) -> tuple[str, int]:
    """A Prometheus duration such as 4w. Raises ValueError, for zero too."""
    text = text.strip()[:40]
    seconds = int(parse_duration(text).total_seconds())
    _written(seconds, text)
    return text, seconds


def calendar_start(text: str) -> datetime:
    """OpenSLO's `calendar.startTime`: a local `YYYY-MM-DD hh:mm:ss`, its zone stands beside it. Raises ValueError."""
    try:
        return datetime.strptime(text.strip()[:40], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 the zone is a field of its own
    except ValueError:
        raise ValueError(f"“{text[:40]}” is not a start such as 2026-01-31 12:30:00") from None


def _written(seconds: int, text: str) -> tuple[str, int]:
    if not 0 < seconds <= _MOST_SECONDS:
        raise ValueError(f"“{text[:40]}” is no window: it must be longer than zero and at most a hundred years")
    return format_duration(timedelta(seconds=seconds)), seconds
