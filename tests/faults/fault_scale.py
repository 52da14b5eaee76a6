"""How much a run of the fault suite pushes and breaks, by `ROADWORTHY_FAULTS`.

`ci`: a handful of scenarios that every change must survive. `short`: all of them. `full`: all, as big as it gets.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

WHICH = os.environ.get("ROADWORTHY_FAULTS", "")


@dataclass(frozen=True)
class Scale:
    """`size` repositories; `pushes` over `seconds`; `away`: seconds that what breaks stays broken; `flood` webhooks."""

    size: int
    pushes: int
    seconds: float
    away: float
    kills: int
    flood: int


SCALE = {
    "ci": Scale(8, 24, 6, 3, 3, 300),
    "short": Scale(10, 40, 12, 6, 3, 1000),
    "full": Scale(200, 1000, 120, 60, 12, 20_000),
}[WHICH or "short"]
FULL = WHICH == "full"


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)
