"""What a worker does beside refreshing: discover, follow the policy's files, attribute anew, judge, count."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.pipeline.attribute import attribute_again
from app.pipeline.discover import discover
from app.pipeline.judge import judge_due
from app.pipeline.services import Pipeline
from app.pipeline.tally import tally

_TALLY_EVERY, _TALLY_AT_MOST = timedelta(seconds=1), 20
"""Counting stays small beside judging, and a team's figures seconds old: the longest waiting first."""


class Upkeep:
    """One round is `tick`; the worker repeats it. Keeps only when it last discovered, attributed and counted."""

    def __init__(self, pipeline: Pipeline, discover_interval: timedelta) -> None:
        self._pipeline, self._interval = pipeline, discover_interval
        self._discovered_at: datetime | None = None
        self._tallied_at: datetime | None = None
        self._attributed = ""

    def tick(self) -> int:
        """One round. Returns how many entities were judged."""
        now = self._pipeline.clock()
        if self._discovered_at is None or now - self._discovered_at >= self._interval:
            self._discovered_at = now
            discover(self._pipeline)
        self._pipeline.policies.refresh()
        self._attributed = attribute_again(self._pipeline, self._attributed)
        judged = judge_due(self._pipeline)
        if self._tallied_at is None or now - self._tallied_at >= _TALLY_EVERY:
            self._tallied_at = now
            tally(self._pipeline, _TALLY_AT_MOST)
        return judged
