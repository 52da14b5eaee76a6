"""What a command loads stays out of the collector's sight, and what it makes afterwards does not."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from app.lib import memory

class Thing: pass

with memory.loading():
    kept = [[] for _ in range(50_000)]
    assert not gc.isenabled()
assert gc.isenabled()
assert gc.get_freeze_count() > 50_000

thing = Thing(); thing.itself = thing; gone = weakref.ref(thing); del thing
gc.collect()
print(gone() is None)
"""


def test_what_is_loaded_is_never_looked_through_and_what_comes_later_is_still_freed() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
