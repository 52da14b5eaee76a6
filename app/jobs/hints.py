"""A hint says "something is due now", so that a worker need not wait for its next look at the due table.

The table is the truth: a lost hint costs at most one poll. Embedded, none is carried (docs/decisions/0001-hints.md).
"""

from __future__ import annotations

import threading
from typing import Protocol


class Hints(Protocol):
    def give(self) -> None:
        """Wakes whoever waits. Never raises, never blocks."""

    def wait(self, seconds: float) -> bool:
        """Waits for a hint, at most `seconds`. Whether one came; hints given meanwhile are one."""


class ProcessHints:
    """Hints between the threads of one process; another process finds out at its next poll."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def give(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        came = self._event.wait(seconds)
        self._event.clear()
        return came
