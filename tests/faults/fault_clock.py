"""A clock for processes to see, that can be set while they run: libfaketime, read anew at each look.

Only the time of day moves; waiting goes by the monotonic clock, which no one can set.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path


class Clock:
    """`environ` makes a process see it."""

    def __init__(self, library: str, folder: Path) -> None:
        self._file = folder / "clock"
        self.ahead = timedelta()
        self.set(self.ahead)
        self.environ = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, ahead: timedelta) -> None:
        """Ahead of the machine's own by so much, from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead.total_seconds():+.0f}\n", "ascii")
        os.replace(new, self._file)
        self.ahead = ahead
