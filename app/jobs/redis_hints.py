"""Hints through Redis, between any number of processes on any number of machines: publish and subscribe.

Redis may be slow, away, restarted or flushed: nobody blocks on it and nothing is lost with it, since whoever waits
looks at the tables at its next poll. Two daemon threads, started when they are first needed: one publishes (many hints
given meanwhile are one message), one listens, notices a dead connection in seconds, and comes back by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import Random

import structlog
from redis.client import PubSub
from redis.exceptions import RedisError

from app.clients.redis_connection import connect
from app.jobs.hints import ProcessHints

log = structlog.get_logger(__name__)
_ANSWER_SECONDS = 2.0
_QUIET_SECONDS = 5.0
"""A subscription that is silent for so long is asked whether it lives."""
_FIRST_RETRY, _LONGEST_RETRY = 0.2, 5.0


class RedisHints(ProcessHints):
    """One kind of hint (`work`, `news`) on one Redis."""

    def __init__(self, url: str, kind: str) -> None:
        super().__init__()
        self._redis = connect(url, _ANSWER_SECONDS)
        database = self._redis.connection_pool.connection_kwargs.get("db", 0)
        self._channel = f"roadworthy:{database}:{kind}"  # channels know no databases, and two of us may share a server
        self._given, self._closed, self._start = threading.Event(), threading.Event(), threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        self._rng = Random()  # noqa: S311 (jitter, not a secret)
        self.is_listening = threading.Event()

    def give(self) -> None:
        super().give()
        self._given.set()
        self._need("publish", self._publish)

    def wait(self, seconds: float) -> bool:
        self._need("listen", self._listen)
        return super().wait(seconds)

    def state(self) -> str:
        """Asks the server, within its time to answer."""
        try:
            self._redis.ping()
        except (RedisError, OSError):
            return "away"
        return "ok"

    def close(self) -> None:
        self._closed.set()
        self._given.set()
        for thread in self._threads.values():
            thread.join(2 * _ANSWER_SECONDS)
        self._redis.close()

    def _need(self, name: str, target: Callable[[], None]) -> None:
        if name in self._threads:
            return
        with self._start:
            if name not in self._threads:
                thread = threading.Thread(target=target, name=f"hints-{name}", daemon=True)
                thread.start()
                self._threads[name] = thread

    def _publish(self) -> None:
        lost = False
        while not self._closed.is_set():
            self._given.wait()
            self._given.clear()
            if self._closed.is_set():
                return
            try:
                self._redis.publish(self._channel, b"")
                lost = False
            except (RedisError, OSError) as error:
                if not lost and not self._closed.is_set():
                    log.warning("hints.not_published", channel=self._channel, error=type(error).__name__)
                lost = True
                self._closed.wait(_FIRST_RETRY)  # what is given while Redis is away need not be tried at once

    def _listen(self) -> None:
        retry = _FIRST_RETRY
        while not self._closed.is_set():
            try:
                with PubSub(self._redis.connection_pool) as subscription:
                    subscription.subscribe(self._channel)
                    retry = _FIRST_RETRY
                    self._hear(subscription)
            except (RedisError, OSError) as error:
                if not self._closed.is_set():
                    log.warning("hints.away", channel=self._channel, error=type(error).__name__)
            self.is_listening.clear()
            self._closed.wait(retry * self._rng.uniform(0.5, 1.0))
            retry = min(_LONGEST_RETRY, retry * 2)

    def _hear(self, subscription: PubSub) -> None:
        """Wakes the waiter for every message, and for the subscription itself: something may have been missed."""
        heard, asked = time.monotonic(), False
        while not self._closed.is_set():
            message = subscription.get_message(timeout=1.0)
            now = time.monotonic()
            if message is not None:
                heard, asked = now, False
                if message["type"] in ("message", "subscribe"):
                    self.is_listening.set()
                    self._came.set()
            elif asked and now - heard > _QUIET_SECONDS + _ANSWER_SECONDS:
                raise TimeoutError("the subscription does not answer")
            elif not asked and now - heard > _QUIET_SECONDS:
                subscription.ping()
                asked = True
