"""Compliance windows, in Prometheus' spelling and seconds, from each format's own."""

from __future__ import annotations

import re
from datetime import timedelta

from app.lib.times import format_duration, parse_duration

_DAY = 86_400
_OPENSLO = {"m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY, "M": 30 * _DAY, "Q": 90 * _DAY, "Y": 365 * _DAY}
_V1ALPHA = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": _DAY,
    "week": 7 * _DAY,
    "month": 30 * _DAY,
    "quarter": 90 * _DAY,
}


def openslo(text: str) -> tuple[str, int]:
    """An OpenSLO duration: `m` is minutes, `M` months (30 days), `Q` quarters (90). Raises ValueError."""
    match = re.fullmatch(r"(\d{1,6})([mhdwMQY])", text.strip())
    if match is None:
        raise ValueError(f"“{text}” is not an OpenSLO duration such as 28d, 4w or 1M")
    return _written(int(match[1]) * _OPENSLO[match[2]])


def unit_and_count(unit: str, count: int) -> tuple[str, int]:
    """OpenSLO v1alpha's and Nobl9's window: a unit such as Day and a count. Raises ValueError."""
    size = _V1ALPHA.get(unit.lower())
    if size is None or not 0 < count <= 100_000:
        raise ValueError(f"“{count} {unit}” is not a window such as 28 Day")
    return _written(size * count)


def prometheus(text: str) -> tuple[str, int]:
    """A Prometheus duration such as 4w. Raises ValueError."""
    seconds = int(parse_duration(text).total_seconds())
    return text.strip(), seconds


def _written(seconds: int) -> tuple[str, int]:
    return format_duration(timedelta(seconds=seconds)), seconds
