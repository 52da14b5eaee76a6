"""When things break: what scenarios hand to `Drive.run`."""

from __future__ import annotations

from collections.abc import Callable

from fault_drive import Drive
from fault_scale import SCALE, pause

Fault = Callable[[Drive], None]


def nothing(_drive: Drive) -> None:
    """No fault: what the others are compared with."""


def again_and_again(act: Fault) -> Fault:
    """Acts at random moments while the pushes go on."""

    def fault(drive: Drive) -> None:
        for _ in range(SCALE.kills):
            pause(SCALE.seconds / SCALE.kills * drive.cluster.dice.uniform(0.3, 1.0))
            act(drive)

    return fault


def restarted_and_away(stop: Fault, start: Fault) -> Fault:
    """Restarted at once, then gone for a while."""

    def fault(drive: Drive) -> None:
        for away in (0.0, SCALE.away):
            pause(SCALE.seconds / 8)
            stop(drive)
            pause(away)
            start(drive)

    return fault
