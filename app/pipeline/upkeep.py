"""What a worker does beside refreshing: discover, follow the policy's files, attribute anew, judge, count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.pipeline.attribute import attribute_again
from app.pipeline.discover import discover
from app.pipeline.judge import judge_due
from app.pipeline.services import Pipeline
from app.pipeline.tally import tally

_TALLY_EVERY, _TALLY_AT_MOST = timedelta(seconds=1), 20
"""Counting stays small beside judging, and a team's figures seconds old: the longest waiting first."""
_REST = 10
"""Attributing looks at every object, and a first crawl changes the catalog all the time: it rests so often as long."""
_PRUNE_EVERY, _FORGET_AFTER = timedelta(days=1), timedelta(days=90)
"""Readings that nobody asked for in so long are made again when their blob is met again."""
_AT_MOST_EVERY = timedelta(seconds=30)
"""How often webhooks may make us list anew, however many there are."""
_REMEMBER = timedelta(days=30)
"""How long deliveries are kept: to show them, and (three days at least) to know a replay."""


_AUDITED = timedelta(days=400)
"""How long it is kept who changed what."""


class Upkeep:
    """One round is `tick`; the worker repeats it. Keeps only when it last discovered, attributed and counted."""

    def __init__(self, pipeline: Pipeline, discover_interval: timedelta) -> None:
        self._pipeline, self._interval = pipeline, discover_interval
        self._discovered_at: datetime | None = None
        self._tallied_at: datetime | None = None
        self._asked = 0
        self._attribute_at = self._prune_at = datetime.min.replace(tzinfo=UTC)

    def tick(self) -> int:
        """One round. Returns how many entities were judged."""
        now = self._pipeline.clock()
        if self._is_time(now):
            self._discovered_at = now
            discover(self._pipeline)
            self._pipeline.store.inbound.discovered(now)
            self._pipeline.store.inbound.prune(now - _REMEMBER)
        self._pipeline.policies.refresh()
        self._attribute()
        judged = judge_due(self._pipeline)
        if self._tallied_at is None or now - self._tallied_at >= _TALLY_EVERY:
            self._tallied_at = now
            tally(self._pipeline, _TALLY_AT_MOST)
        if now >= self._prune_at:
            self._prune_at = now + _PRUNE_EVERY
            self._pipeline.store.parsed.prune(now - _FORGET_AFTER)
            self._pipeline.store.pushes.prune(now - _REMEMBER)
            self._pipeline.store.audit.forget(now - _AUDITED)
        return judged

    def _is_time(self, now: datetime) -> bool:
        """To list anew: the interval has passed, or a webhook told that what exists has changed."""
        if self._discovered_at is None:
            return True
        asked = self._pipeline.store.inbound.discover_requests()
        waited = now - self._discovered_at
        if waited >= self._interval or (asked != self._asked and waited >= _AT_MOST_EVERY):
            self._asked = asked
            return True
        return False

    def _attribute(self) -> None:
        began = self._pipeline.clock()
        if began < self._attribute_at:
            return
        attribute_again(self._pipeline)
        ended = self._pipeline.clock()
        self._attribute_at = ended + _REST * (ended - began)
