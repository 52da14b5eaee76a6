"""Bytes put aside on disk, in a file without a name that ends with its process. Called for what is kept in numbers.

A process that holds thousands of bodies holds them in its own memory, whether anybody asks or not. In a file the system
keeps of them what it has room for, and reading one back takes microseconds.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass, field

_CELL = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Aside:
    """Bytes that lie in the file for as long as this object is there."""

    _shelf: Shelf
    _cells: tuple[int, ...]
    _size: int

    def read(self) -> bytes:
        """Raises OSError."""
        return self._shelf._read(self._cells)[: self._size]

    def __del__(self) -> None:
        self._shelf._free.extend(self._cells)  # one step, without a lock: a collection may end it at any moment


@dataclass(slots=True, weakref_slot=True)
class Shelf:
    """The file of one process, of `most` bytes at most. Safe for threads; never carried over a fork once in use."""

    most: int
    _file: int = -1
    _made: int = 0
    _free: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, data: bytes) -> Aside | None:
        """None: the file is full, or can't be written."""
        with suppress(OSError):
            cells = self._cells(-(-len(data) // _CELL))
            if cells is not None:
                aside = Aside(self, cells, len(data))  # from here on they are given back, whatever comes
                for place, cell in enumerate(cells):
                    part = data[place * _CELL : (place + 1) * _CELL]
                    if os.pwrite(self._number(), part, cell * _CELL) != len(part):
                        return None
                return aside
        return None

    def _cells(self, count: int) -> tuple[int, ...] | None:
        with self._lock:
            if (self._made - len(self._free) + count) * _CELL > self.most:
                return None
            found = [self._free.pop() for _ in range(min(count, len(self._free)))]
            fresh = count - len(found)
            self._made += fresh
            return (*found, *range(self._made - fresh, self._made))

    def _number(self) -> int:
        with self._lock:
            if self._file < 0:
                self._file, path = tempfile.mkstemp(prefix="roadworthy-aside-")
                weakref.finalize(self, os.close, self._file)
                os.unlink(path)
            return self._file

    def _read(self, cells: tuple[int, ...]) -> bytes:
        return b"".join(os.pread(self._number(), _CELL, cell * _CELL) for cell in cells)
