"""Ends what is connected once its time is up, whatever it is at: a peer that sends a byte now and then never meets a
socket's own time-out, which counts silences only.

`lib.http` opens a box around each request; its connections come in through `watched`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class TimeBox:
    """`is_over`: its time was up before it was left."""

    is_over: bool = False
    _twins: list[socket.socket] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def add(self, connected: socket.socket) -> None:
        """Keeps a second handle: TLS takes the first one over, and its number may soon be another file's."""
        with self._turn:
            self._twins.append(connected.dup())
            if self.is_over:
                self._shut()

    def end(self) -> None:
        """Whoever waits for the peer, to read or to write, is told that nothing comes any more."""
        with self._turn:
            self.is_over = True
            self._shut()

    def close(self) -> None:
        with self._turn:
            for twin in self._twins:
                twin.close()
            self._twins.clear()

    def _shut(self) -> None:
        for twin in self._twins:
            with suppress(OSError):  # the peer was quicker
                twin.shutdown(socket.SHUT_RDWR)


_OPEN: ContextVar[TimeBox | None] = ContextVar("time_box", default=None)


@contextmanager
def within(seconds: float) -> Iterator[TimeBox]:
    """What is connected inside is shut after that many seconds; `is_over` tells that it was."""
    box = TimeBox()
    timer = threading.Timer(max(0.0, seconds), box.end)
    timer.daemon = True
    before = _OPEN.set(box)
    timer.start()
    try:
        yield box
    finally:
        timer.cancel()
        _OPEN.reset(before)
        box.close()


def watched(connected: socket.socket) -> socket.socket:
    """The same connection, shut when the time of the box around it is up."""
    if (box := _OPEN.get()) is not None:
        box.add(connected)
    return connected
