"""Who may call, how many at once, and what was refused since last written down. One a process; safe for threads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.webhooks.receive import Source

_WAIT_SECONDS = 2.0
_WRITE_EVERY_SECONDS = 1.0


class Gate:
    """`sources` by (forge, name); `at_once`: deliveries being recorded before others are asked to come back."""

    def __init__(self, sources: Mapping[tuple[str, str], Source], *, max_body: int, at_once: int) -> None:
        self.sources, self.max_body = sources, max_body
        self._room = threading.BoundedSemaphore(at_once)
        self._refused: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._taken_at = 0.0

    @contextmanager
    def room(self) -> Iterator[bool]:
        """Whether there was room within two seconds; it is held until the end."""
        entered = self._room.acquire(timeout=_WAIT_SECONDS)
        try:
            yield entered
        finally:
            if entered:
                self._room.release()

    def refuse(self, source: str, reason: str) -> None:
        """`source`: `forge/name`."""
        with self._lock:
            self._refused[source, reason] += 1

    def taken(self, *, everything: bool = False) -> Mapping[tuple[str, str], int]:
        """What is to be written down now: once a second, so that a flood of forgeries costs no transactions."""
        with self._lock:
            if not everything and time.monotonic() - self._taken_at < _WRITE_EVERY_SECONDS:
                return {}
            counted, self._refused, self._taken_at = dict(self._refused), Counter(), time.monotonic()
            return counted

    def give_back(self, counted: Mapping[tuple[str, str], int]) -> None:
        """It could not be written: keep it for the next time."""
        with self._lock:
            self._refused.update(counted)
