"""A hint says "look now" to whoever waits, so that nobody need wait for the next look at the tables.

The tables are the truth: a lost hint costs at most one poll. Two kinds go round: `work` (something is due; web
processes give it, workers wait) and `news` (something was judged; workers give it, web processes drop what they kept).
Within one process, between `serve` and its child, or through Redis: the same protocol (docs/decisions/0001-hints.md).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class Hints(Protocol):
    def give(self) -> None:
        """Wakes whoever waits, here and elsewhere. Never raises, never blocks."""

    def wake(self) -> None:
        """Wakes whoever waits in this process alone."""

    def wait(self, seconds: float) -> bool:
        """Waits for a hint, at most `seconds`. Whether one came; hints given meanwhile are one."""

    def state(self) -> str:
        """For readiness: `off` (nothing between processes), `ok` or `away`."""

    def close(self) -> None:
        """Gives up what is held; `give` and `wait` go on within this process."""


class ProcessHints:
    """Hints between the threads of one process; another process finds out at its next poll."""

    def __init__(self) -> None:
        self._came = threading.Event()

    def give(self) -> None:
        self.wake()

    def wake(self) -> None:
        self._came.set()

    def wait(self, seconds: float) -> bool:
        came = self._came.wait(seconds)
        self._came.clear()
        return came

    def state(self) -> str:
        return "off"

    def close(self) -> None:
        """Nothing is held."""


class PipeHints(ProcessHints):
    """Hints between a process and its child: what one writes to the pipe, the other reads. Each has one end.

    `ended` is called, once, when the writer's process is gone: the child of a killed parent ends with it.
    """

    def __init__(self, *, reads: int | None = None, writes: int | None = None, ended: Callable[[], None] | None = None):
        super().__init__()
        self._writes, self._ended = writes, ended
        if writes is not None:
            os.set_blocking(writes, False)  # a full pipe is a hint that waits already
        if reads is not None:
            threading.Thread(target=self._read, args=(reads,), name="hints", daemon=True).start()

    def give(self) -> None:
        super().give()
        if self._writes is not None:
            with suppress(OSError):  # full, or nobody reads: the tables tell
                os.write(self._writes, b".")

    def _read(self, pipe: int) -> None:
        while os.read(pipe, 4096):
            self._came.set()
        if self._ended is not None:
            self._ended()

    def close(self) -> None:
        """Both ends end with their processes."""
