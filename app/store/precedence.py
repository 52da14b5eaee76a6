"""Who goes first to a database with one writer: whoever somebody waits for, before what a worker saves.

SQLite has no queue. Processes that find it locked look again later and later, up to a tenth of a second apart, while a
worker with eight threads begins its next transaction within microseconds of the last: a webhook that needs one
millisecond then waits for a hundred. So here one *announces* that it waits, by a lock on a file beside the database
that the system takes back when a process dies, and others *give way* before they begin. Nobody gives way for long, so
that a flood of webhooks never stops the refreshes that they ask for. Called by `engine`.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_SECONDS = 0.001
_GIVE_SECONDS = 0.1
_NEVER = threading.Event()
"""Waited for instead of sleeping, which fails where a clock is set by preloading (libfaketime) and is ahead."""


class Precedence:
    """One a process and database. Safe for threads; never carried over a fork. Where its file can't be made, nobody
    gives way, and all is as SQLite has it.
    """

    def __init__(self, path: Path) -> None:
        """`path`: the file that processes share; it is made when first needed, and stays empty."""
        self._path, self._lock, self._giving = path, threading.Lock(), threading.Lock()
        self._announced = self._looked = -1
        self._waiting = 0

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Others give way until this ends."""
        with self._lock:
            self._waiting += 1
            if self._waiting == 1 and self._is_open():
                _locked(self._announced, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if self._waiting == 0 and self._announced >= 0:
                    fcntl.flock(self._announced, fcntl.LOCK_UN)

    def give(self) -> bool:
        """Waits while anybody claims precedence, a tenth of a second at most; whether nobody does. Of a process one
        thread waits so, and those behind it after it.
        """
        with self._lock:
            if not self._is_open():
                return True
        with self._giving:
            until = time.monotonic() + _GIVE_SECONDS
            while not _locked(self._looked, fcntl.LOCK_EX):
                if time.monotonic() >= until:
                    return False
                _NEVER.wait(_LOOK_SECONDS)
            fcntl.flock(self._looked, fcntl.LOCK_UN)
            return True

    def close(self) -> None:
        with self._lock:
            for file in (self._announced, self._looked):
                if file >= 0:
                    os.close(file)
            self._announced = self._looked = -1

    def _is_open(self) -> bool:
        if self._announced < 0:
            try:
                self._announced, self._looked = _opened(self._path), _opened(self._path)
            except OSError:
                return False
        return True


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(file: int, kind: int) -> bool:
    """Whether it was free. One who looks holds it for a moment; whoever announces just then is not seen, no more."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
