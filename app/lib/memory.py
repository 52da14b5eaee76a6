"""What a process does about its memory. One that works for long: `spare` before it begins, `settle` when it has begun;
a command that is soon done: `loading` around what it loads."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_YOUNG = 10_000
"""Containers made before the youngest are looked through. Python's 700 are one parsed file's."""


_ARENA_MAX, _ARENAS = -8, 2
"""glibc's `M_ARENA_MAX` (malloc.h). By itself it gives threads eight arenas a core, and what one has freed no other
gets."""


def spare() -> None:
    """Bounds what the C library keeps for threads. Elsewhere than on glibc nothing is changed. Before threads start."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS)


def settle() -> None:
    """Takes all that is loaded by now out of the collector's sight: it lives as long as the process does.

    Modules and a compiled policy are 150,000 objects. Looking through them again costs up to a tenth of a second, and a
    crawl or a judging made Python do so every few seconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)


@contextmanager
def loading() -> Iterator[None]:
    """What is loaded within stays, so none of it is looked through for what could be freed, then or later.

    Modules and a policy made Python look a hundred times: a thirtieth of the whole of `check`.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNG, 20, 20)
        gc.enable()
