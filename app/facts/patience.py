"""How long one repository's Terraform may take to read: files are bounded one by one, ten thousand of them are not.

What was left out is told as unreadable and not remembered, so the next reading, which finds the rest in its cache, goes
on where this one stopped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.formats import reading
from app.formats.model import Parsed, Unreadable
from app.formats.terraform.files import GROUPS

MOST_SECONDS = 60.0
"""Ten thousand files with a database each take about half of it; one hostile file may take four seconds."""
MOST_BYTES = 32 * 1024 * 1024
_SLOW = ("terraform", "tfvars")
_RESOURCE = re.compile(rb'resource\s+"(%s)"' % b"|".join(kind.encode() for kind in GROUPS))


@dataclass
class Patience:
    """One repository's budget. `clock` counts seconds."""

    seconds: float = MOST_SECONDS
    most_bytes: int = MOST_BYTES
    clock: Callable[[], float] = time.monotonic
    _spent: float = field(default=0.0, init=False)
    _read: int = field(default=0, init=False)

    def read(self, path: str, data: bytes) -> Parsed | None:
        """What the file says; None where no patience is left for it."""
        if reading.name_class(path) not in _SLOW:
            return reading.read(path, data)
        if self._spent >= self.seconds or self._read + len(data) > self.most_bytes:
            return None
        began = self.clock()
        parsed = reading.read(path, data)
        self._spent += self.clock() - began
        self._read += len(data)
        return parsed

    def left_out(self, data: bytes) -> Parsed:
        """What stands for a file that was not read: each kind of thing that it names can't be seen."""
        size = f"{self.most_bytes // (1024 * 1024)} MiB"
        bound = f"{self.seconds:.0f} s" if self._spent >= self.seconds else size
        reason = f"the Terraform of this repository is more than is read at once ({bound}); this file was left out"
        groups = dict.fromkeys(GROUPS[match[1].decode()] for match in _RESOURCE.finditer(data))
        return Parsed((), unreadable=tuple(Unreadable(group, 1, reason) for group in groups))
