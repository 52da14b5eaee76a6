"""What is left of a message's changes when what came and went again is taken out. Nobody is told of a flicker."""

from __future__ import annotations

from collections.abc import Iterable

from app.notifications.model import Told


def net(changes: Iterable[Told]) -> list[Told]:
    """One change for each (entity, scorecard, what, check), from where it began to where it stands; none if the same.

    In the order of the last word on each. The reason is the last one's.
    """
    known: dict[tuple[str, str, str, str], Told] = {}
    for change in changes:
        key = (change["entity"], change["scorecard"], change["what"], change["check"])
        before = known.pop(key, change)["before"]
        known[key] = {**change, "before": before}
    return [change for change in known.values() if _turned(change)]


def _turned(change: Told) -> bool:
    """Of checks only those are told that begin or stop to fail: from passing to unknown, by way of failing, is none."""
    ends = (change["before"], change["after"])
    return ends[0] != ends[1] and (change["what"] == "level" or "fail" in ends)
