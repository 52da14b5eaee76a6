"""How often something may happen: a rate, and who counts. In memory here; another counter keeps the same promise.

The algorithm is GCRA (a leaky bucket kept as one instant a key): exact, no windows to game, one number to store.
Source: ITU-T I.371, as used by many API gateways.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

_MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` in each `per`, all of them at once if need be; a count of 0 means no limit."""

    count: int
    per: timedelta = timedelta(minutes=1)


UNLIMITED = Rate(0)


class Limiter(Protocol):
    """Counts by key. Shared between processes or not."""

    def take(self, key: str, rate: Rate, now: datetime) -> float:
        """0.0: it may happen, and is counted. Else the seconds until it may; nothing is counted."""


class MemoryLimiter:
    """One process's counter; safe for threads, bounded in keys: idle ones go first, then those nearest to idle."""

    def __init__(self, most_keys: int = _MOST_KEYS) -> None:
        self._free_at: dict[str, float] = {}
        self._most, self._lock = most_keys, threading.Lock()

    def take(self, key: str, rate: Rate, now: datetime) -> float:
        if rate.count <= 0:
            return 0.0
        moment, whole = now.timestamp(), rate.per.total_seconds()
        with self._lock:
            used_until = max(self._free_at.get(key, moment), moment)
            if used_until > moment + whole + 1e-6:  # more than any burst uses up: the clock stepped back
                used_until = moment
            wait = used_until + whole / rate.count - whole - moment
            if wait > 1e-6:  # instants are floats
                return wait
            if key not in self._free_at and len(self._free_at) >= self._most:
                self._make_room(moment)
            self._free_at[key] = used_until + whole / rate.count
        return 0.0

    def _make_room(self, moment: float) -> None:
        self._free_at = {key: at for key, at in self._free_at.items() if at > moment}
        if len(self._free_at) >= self._most:
            busiest = sorted(self._free_at.items(), key=lambda item: item[1], reverse=True)
            self._free_at = dict(busiest[: self._most // 2])
