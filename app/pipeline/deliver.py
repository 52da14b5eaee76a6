"""Deliver: changes become messages, messages are sent. Each message is a row and each attempt too; a crash loses none.

A message is sent at least once: a process that dies between the answer and the row sends it again, under the same id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

import structlog

from app.lib.http import Http, HttpError
from app.notifications.coalesce import net
from app.notifications.model import Note, Target
from app.pipeline.services import Pipeline
from app.store.outgoing import Attempt, Message

log = structlog.get_logger(__name__)
GIVE_UP = timedelta(days=1)
LEASE = timedelta(minutes=1)
_FIRST, _LONGEST = timedelta(seconds=20), timedelta(hours=1)
_REMEMBER = timedelta(days=30)
_AT_ONCE = 10
"""Messages of a round, before changes are gathered again."""
_GONE = 410
"""A receiver that answers this wants no more (Standard Webhooks)."""


class Deliverer:
    """Runs beside judging in a worker, in a thread of its own: a slow receiver holds nobody else."""

    def __init__(self, pipeline: Pipeline, targets: Sequence[Target], http: Http, page_url: str = "") -> None:
        self._pipeline, self._http, self._page_url = pipeline, http, page_url
        self._targets = {target.name: target for target in targets}
        self._rng = Random()  # noqa: S311 (jitter, not a secret)
        self._pruned_at: datetime | None = None
        self._gathered: int | None = None

    def tick(self) -> int:
        """Gathers and sends what is due. Returns how many attempts were made."""
        now = self._pipeline.clock()
        self._gather(now)
        pruned = self._prune(now)
        return sum(self._send(message) for message in self._claimed()) if self._targets or pruned else 0

    def _claimed(self) -> Iterator[Message]:
        """One at a time: behind a slow receiver the leases of others would end before it is their turn."""
        for _ in range(_AT_ONCE):
            claimed = self._pipeline.store.outgoing.claim(self._pipeline.clock(), LEASE, limit=1)
            if not claimed:
                return
            yield from claimed

    def _gather(self, now: datetime) -> None:
        """Only when there are changes that were not looked at: an idle round writes nothing."""
        newest = self._pipeline.store.changes.cursor()
        if newest == self._gathered:
            return
        for target in self._targets.values():
            wanted = self._wanted(target)
            while self._pipeline.store.outgoing.gather(target.name, wanted, now, target.window):
                pass
        self._gathered = newest

    def _wanted(self, target: Target) -> Callable[..., bool]:
        catalog = self._pipeline.catalog()
        owners = frozenset(str(group) for owner in target.owners for group in catalog.group_tree(owner))
        return lambda change, owner: target.wants(change, owner, owners)

    def _send(self, message: Message) -> bool:
        """Whether an attempt was made."""
        outgoing, now = self._pipeline.store.outgoing, self._pipeline.clock()
        target = self._targets.get(message.target)
        if target is None:
            outgoing.keep(message, None, state="dead", reason="its target is no longer in the settings")
            return False
        changes = net(message.changes)
        if not changes:
            outgoing.keep(message, None, state="moot", reason="everything it told was taken back")
            return False
        note = Note(message.id, message.owner, now, changes, self._page_url)
        attempt = self._attempt(target, note, now)
        state, reason, next_at = self._verdict(message, attempt, now)
        outgoing.keep(message, attempt, state=state, reason=reason, next_at=next_at)
        log.info("message.tried", target=target.name, message=message.id, status=attempt.status, state=state)
        return True

    def _attempt(self, target: Target, note: Note, now: datetime) -> Attempt:
        status, error = None, ""
        request = target.write(target, note)
        try:
            status = self._http.send("POST", request.url, request.body, request.headers).status
        except HttpError as failed:
            # an error names the URL, and the path of Slack's is its secret
            error = re.sub(r"https?://\S+", target.name, str(failed))
        took = self._pipeline.clock() - now
        return Attempt(now, status, error, round(took.total_seconds() * 1000))

    def _verdict(self, message: Message, attempt: Attempt, now: datetime) -> tuple[str, str, datetime | None]:
        if attempt.status is not None and 200 <= attempt.status < 300:
            return "sent", "", None
        reason = attempt.error or f"answered {attempt.status}"
        if attempt.status == _GONE:
            return "dead", "the receiver wants no more (410)", None
        if now - (message.first_try_at or now) >= GIVE_UP:
            return "dead", f"given up after a day: {reason}", None
        longest = min(_LONGEST, _FIRST * 2 ** min(message.tries - 1, 20))
        return "waiting", reason, now + longest * self._rng.uniform(0.5, 1.0)

    def _prune(self, now: datetime) -> bool:
        """Once an hour. Whether it was time: then those are looked at, too, whose targets all left the settings."""
        if self._pruned_at is not None and now - self._pruned_at <= timedelta(hours=1):
            return False
        self._pruned_at = now
        self._pipeline.store.outgoing.prune(now - _REMEMBER)
        return True
