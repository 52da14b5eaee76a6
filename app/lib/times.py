"""Durations and instants as Prometheus, OpenSLO and our JSON write them. All instants are aware and in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_UNITS = {"y": 365 * 86400_000, "w": 7 * 86400_000, "d": 86400_000, "h": 3600_000, "m": 60_000, "s": 1000, "ms": 1}
_PROMETHEUS = re.compile(r"((\d+)y)?((\d+)w)?((\d+)d)?((\d+)h)?((\d+)m)?((\d+)s)?((\d+)ms)?")


def parse_duration(text: str) -> timedelta:
    """A Prometheus duration (`1h30m`, fixed unit order, or `0`). Raises ValueError.

    Source: prometheus/common model.ParseDuration.
    """
    text = text.strip()
    if text == "0":
        return timedelta(0)
    match = _PROMETHEUS.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"“{text}” is not a duration such as 5m, 1h30m or 30d")
    total = sum(int(match[2 * i + 2]) * unit for i, unit in enumerate(_UNITS.values()) if match[2 * i + 2])
    try:
        return timedelta(milliseconds=total)
    except OverflowError:
        raise ValueError(f"“{text}” is too long a duration") from None


@lru_cache(maxsize=1024)
def format_duration(value: timedelta) -> str:
    """As Prometheus writes it: `1h30m`, `30d`, `0s`."""
    rest = int(value.total_seconds() * 1000)
    if rest == 0:
        return "0s"
    parts = []
    for unit, size in _UNITS.items():
        if unit in ("y", "w") and rest % size:
            continue  # only whole years and weeks, as Prometheus does
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def parse_instant(value: str) -> datetime:
    """An ISO 8601 date or time as an aware UTC datetime; a time without a zone is UTC. Raises ValueError."""
    text = value.strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    parsed = datetime.fromisoformat(text)
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"“{text}” lies outside the years 1 to 9999") from None


def format_instant(value: datetime) -> str:
    """ISO 8601 in UTC with `Z`, to the second (or the microsecond where there is one); without a zone it is UTC.

    An instant that leaves the calendar in UTC (the year 1 east of Greenwich) keeps the offset it has.
    """
    try:
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return value.isoformat()
    return moment.isoformat().replace("+00:00", "Z")
