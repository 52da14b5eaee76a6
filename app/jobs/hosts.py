"""How the hosts of repositories do: a slow one gets few places, one that fails again and again gets a rest.

One worker's own view, in memory: another worker finds out by itself. Repositories of a resting host stay due; what is
left out here is only asked for later. After a rest one refresh goes ahead alone, and all follow when it is well.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

REST_AFTER = 3
"""Failures in a row, of any of its repositories, before a host rests."""
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)


@dataclass(slots=True)
class _Host:
    failures: int = 0
    rests_until: datetime | None = None


class Hosts:
    """Safe for threads. `per_host`: refreshes that one host may have at once in this worker."""

    def __init__(self, per_host: int, rng: Random) -> None:
        self._per_host, self._rng, self._lock = per_host, rng, threading.Lock()
        self._known: dict[str, _Host] = {}

    def left_out(self, running: Mapping[str, int], now: datetime, *, spare: int = 0) -> list[str]:
        """Hosts that get no further refresh now: their places are taken, or they rest. "" (local) never is.

        `spare`: so many more places a host has for what a person waits for.
        """
        with self._lock:
            resting = {host for host, state in self._known.items() if self._rests(host, state, running, now)}
        full = {host for host, count in Counter(running).items() if host and count >= self._per_host + spare}
        return sorted(full | resting)

    def did(self, host: str, now: datetime, *, well: bool) -> None:
        """Tells how a refresh went as far as its host is concerned."""
        if not host:
            return
        with self._lock:
            if well:
                self._known.pop(host, None)
                return
            state = self._known.setdefault(host, _Host())
            state.failures += 1
            if state.failures >= REST_AFTER:
                longest = min(LONGEST_REST, FIRST_REST * 2 ** min(state.failures - REST_AFTER, 20))
                state.rests_until = now + longest * self._rng.uniform(0.5, 1.0)

    def resting(self, now: datetime) -> list[str]:
        """Hosts that rest, for logs and metrics."""
        with self._lock:
            return sorted(host for host, state in self._known.items() if state.rests_until and state.rests_until > now)

    @staticmethod
    def _rests(host: str, state: _Host, running: Mapping[str, int], now: datetime) -> bool:
        if state.failures < REST_AFTER or state.rests_until is None:
            return False
        over = state.rests_until <= now or state.rests_until > now + LONGEST_REST  # or the clock stepped back
        return not over or running.get(host, 0) > 0
