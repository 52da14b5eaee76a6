"""What a worker does beside refreshing: discover, follow the policy's files, attribute anew, judge, count, tidy up.

Each is a job with a thread of its own (`jobs`), so that a catalog that hangs keeps nobody from being judged. All may
run in several workers at once: what one has done, the other finds done.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.jobs.beside import Beside
from app.pipeline import push
from app.pipeline.attribute import attribute_again
from app.pipeline.discover import discover
from app.pipeline.judge import judge_due
from app.pipeline.services import Pipeline
from app.pipeline.tally import tally
from app.store import clocks

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
_MEND_EVERY = timedelta(minutes=1)
_AUDITED = timedelta(days=400)
"""How long it is kept who changed what."""


class _Since:
    """When something was last done. A clock that stepped back makes it due, instead of never again."""

    def __init__(self) -> None:
        self._at: datetime | None = None

    def is_over(self, now: datetime, time: timedelta) -> bool:
        return self._at is None or now < self._at or now - self._at >= time

    def done(self, now: datetime) -> None:
        self._at = now


class Upkeep:
    """The jobs of one worker. Keeps only when it last did what."""

    def __init__(self, pipeline: Pipeline, discover_interval: timedelta) -> None:
        self._pipeline, self._interval = pipeline, discover_interval
        self._discovered, self._answered, self._tallied, self._attributed = _Since(), _Since(), _Since(), _Since()
        self._pruned, self._mended = _Since(), _Since()
        self._attribute_after = timedelta()
        self._asked: int | None = None

    def jobs(self) -> list[Beside]:
        """For `jobs.worker.Worker`. Judging is prompt: a refresh that ended wakes it."""
        return [
            Beside("discover", self.discover, every=1.0),
            Beside("judge", self.judge, prompt=True),
            Beside("count", self.count, every=0.5),
            Beside("tidy", self.tidy, every=5.0),
        ]

    def tick(self) -> int:
        """One round of everything, in order. Returns how many entities were judged."""
        self.discover()
        judged = self._judge()
        self.count()
        self.tidy()
        return judged

    def discover(self) -> None:
        """Lists anew when its interval has passed, or a webhook told that what exists has changed."""
        now = self._pipeline.clock()
        asked = self._pipeline.store.inbound.discover_requests()
        wanted = self._asked not in (None, asked) and self._answered.is_over(now, _AT_MOST_EVERY)
        if not wanted and not self._discovered.is_over(now, self._interval):
            return
        if wanted:
            self._answered.done(now)
        self._asked = asked
        self._discovered.done(now)
        if discover(self._pipeline):
            self._pipeline.work.wake()
        self._pipeline.store.inbound.discovered(now)
        self._pipeline.store.inbound.prune(now - _REMEMBER)

    def judge(self) -> bool:
        """Judges what is due, by the policy and the attribution of this moment. Whether there may be more."""
        return self._judge() > 0

    def _judge(self) -> int:
        self._pipeline.policies.refresh()
        self._attribute()
        return judge_due(self._pipeline)

    def count(self) -> None:
        now = self._pipeline.clock()
        if self._tallied.is_over(now, _TALLY_EVERY):
            self._tallied.done(now)
            tally(self._pipeline, _TALLY_AT_MOST)

    def tidy(self) -> None:
        """Mends what a clock that stepped back left behind; forgets readings that nobody asked for."""
        now = self._pipeline.clock()
        if self._mended.is_over(now, _MEND_EVERY):
            self._mended.done(now)
            clocks.mend(self._pipeline.store.database, now)
        if self._pruned.is_over(now, _PRUNE_EVERY):
            self._pruned.done(now)
            self._pipeline.store.parsed.prune(now - _FORGET_AFTER)
            push.forget(self._pipeline, now - _REMEMBER)
            self._pipeline.store.gates.prune(now - _REMEMBER)
            self._pipeline.store.audit.forget(now - _AUDITED)

    def _attribute(self) -> None:
        began = self._pipeline.clock()
        if self._attributed.is_over(began, self._attribute_after):
            attribute_again(self._pipeline)
            ended = self._pipeline.clock()
            self._attributed.done(ended)
            self._attribute_after = _REST * max(timedelta(), ended - began)
