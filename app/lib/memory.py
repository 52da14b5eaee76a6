"""The garbage collector, told what stays: called once by each process that works for long, when it has begun."""

from __future__ import annotations

import gc


def settle() -> None:
    """Takes all that is loaded by now out of the collector's sight: it lives as long as the process does.

    Modules and a compiled policy are 150,000 objects. Looking through them again costs up to a tenth of a second, and a
    crawl or a judging made Python do so every few seconds.
    """
    gc.collect()
    gc.freeze()
