"""The garbage collector, told what stays: called once by each process that works for long, when it has begun."""

from __future__ import annotations

import gc

_YOUNG = 10_000
"""Containers made before the youngest are looked through. Python's 700 are one parsed file's."""


def settle() -> None:
    """Takes all that is loaded by now out of the collector's sight: it lives as long as the process does.

    Modules and a compiled policy are 150,000 objects. Looking through them again costs up to a tenth of a second, and a
    crawl or a judging made Python do so every few seconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
