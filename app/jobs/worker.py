"""The worker: claims due repositories, runs them in a bounded pool, keeps their leases alive, stops gracefully.

What a run does is handed in (`run_one`), and so is what goes on beside (`beside`: judging, discovery, reloading). A run
ends its own claim; one that raises is caught here, and its error kept where people see it: in the repository's row.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import FrameType

import structlog

from app.errors import RepositoryError, RoadworthyError, StaleError
from app.jobs.due import next_retry
from app.jobs.hints import Hints, ProcessHints
from app.store.claims import Claims
from app.store.model import RepositoryClaim

log = structlog.get_logger(__name__)
RunOne = Callable[[RepositoryClaim], None]


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_owner() -> str:
    """A name for this worker that no other one has, also on this machine, also after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`per_host` bounds how many runs one host may hold, so that a slow one never starves the others."""

    threads: int = 8
    per_host: int = 4
    lease: timedelta = timedelta(seconds=60)
    poll_seconds: float = 0.2
    stop_seconds: float = 10.0


@dataclass(slots=True)
class _Running:
    claims: dict[Future[None], RepositoryClaim] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Worker:
    """One worker process. `run` blocks until `stop` is called, from another thread or a signal."""

    def __init__(
        self,
        claims: Claims,
        run_one: RunOne,
        *,
        settings: WorkerSettings | None = None,
        hints: Hints | None = None,
        beside: Sequence[Callable[[], None]] = (),
        clock: Callable[[], datetime] = utc_now,
        rng: Random | None = None,
    ) -> None:
        self._claims, self._run_one, self._beside, self._clock = claims, run_one, beside, clock
        self._settings = settings or WorkerSettings()
        self._hints = hints or ProcessHints()
        self._rng = rng or Random()  # noqa: S311 (jitter, not a secret)
        self._owner = new_owner()
        self._stopping = threading.Event()
        self._asked_to_stop = False
        self._running = _Running()

    def stop(self) -> None:
        """Asks the worker to end: no new claims; what runs may finish in `stop_seconds`, the rest is handed back."""
        self._stopping.set()
        self._hints.give()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT stop this worker. Call it from the main thread."""

        def ask(_number: int, _frame: FrameType | None) -> None:
            self._asked_to_stop = True  # only this: an Event's lock may be held by the very thread we interrupt

        signal.signal(signal.SIGTERM, ask)
        signal.signal(signal.SIGINT, ask)

    def run(self) -> bool:
        """Works until stopped; returns within about `stop_seconds` of that, whatever still hangs.

        Whether everything ended. If not, end the process by `os._exit`: Python would wait for the hanging thread.
        """
        pool = ThreadPoolExecutor(self._settings.threads, thread_name_prefix="refresh")
        others = [threading.Thread(target=self._renew_until_stopped, name="renew-leases", daemon=True)]
        for job in self._beside:
            others.append(threading.Thread(target=self._repeat, args=(job,), name="beside", daemon=True))
        for thread in others:
            thread.start()
        try:
            while not (self._asked_to_stop or self._stopping.is_set()):
                if not self._work(pool):
                    self._hints.wait(self._settings.poll_seconds)
        finally:
            self._stopping.set()
            until = time.monotonic() + self._settings.stop_seconds
            ended = self._hand_back(pool)
            for thread in others:
                thread.join(max(0.1, until - time.monotonic()))
        return ended and not any(thread.is_alive() for thread in others)

    def _repeat(self, job: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                job()
            except Exception:
                # One bad round (a database away, a provider's surprise) must not end what keeps scores fresh.
                log.exception("worker.job_failed", job=getattr(job, "__qualname__", repr(job)))
            self._stopping.wait(self._settings.poll_seconds)

    def _work(self, pool: ThreadPoolExecutor) -> bool:
        """Claims what there is room for. Whether anything was claimed."""
        try:
            return self._claim(pool)
        except Exception:
            # A database that is away for a minute must not end the worker; the next poll tries again.
            log.exception("worker.poll_failed", owner=self._owner)
            return False

    def _claim(self, pool: ThreadPoolExecutor) -> bool:
        with self._running.lock:
            hosts = Counter(claim.host for claim in self._running.claims.values())
        room = self._settings.threads - hosts.total()
        if room <= 0:
            return False
        full = [host for host, count in hosts.items() if host and count >= self._settings.per_host]
        # One at a time: each claim may fill its host, and other workers get their share of the rest.
        found = self._claims.claim_due(self._clock(), self._owner, self._settings.lease, exclude_hosts=full)
        for claim in found:
            with self._running.lock:
                future = pool.submit(self._run, claim)
                self._running.claims[future] = claim
            future.add_done_callback(self._ended)
        return bool(found)

    def _ended(self, future: Future[None]) -> None:
        with self._running.lock:
            self._running.claims.pop(future, None)
        self._hints.give()  # there is room again

    def _run(self, claim: RepositoryClaim) -> None:
        try:
            self._run_one(claim)
        except StaleError:
            log.info("refresh.superseded", repository=claim.url)
        except RepositoryError as error:
            log.warning("refresh.failed", repository=claim.url, error=str(error), reason=error.reason)
            self._keep_error(claim, error)
        except Exception as error:
            log.exception("refresh.failed", repository=claim.url)
            self._keep_error(claim, error)

    def _keep_error(self, claim: RepositoryClaim, error: Exception) -> None:
        known = isinstance(error, RoadworthyError)
        text = str(error) if known else f"an unexpected {type(error).__name__}; the log tells more"
        permanent = isinstance(error, RepositoryError) and error.permanent
        now = self._clock()
        retry = next_retry(now, claim.failures + 1, text, self._rng, permanent=permanent)
        try:
            self._claims.fail(
                claim,
                now=now,
                error=text,
                reason=error.reason if isinstance(error, RepositoryError) else "source_failing",
                next_due=retry.due_at,
                parked_reason=retry.parked_reason,
            )
        except Exception:
            log.exception("refresh.failure_not_kept", repository=claim.url)  # the lease ends by itself

    def _renew_until_stopped(self) -> None:
        while not self._stopping.wait(self._settings.lease.total_seconds() / 3):
            self._renew()

    def _renew(self) -> None:
        with self._running.lock:
            claims = list(self._running.claims.values())
        for claim in claims:
            try:
                if not self._claims.renew(claim, self._clock() + self._settings.lease):
                    log.info("refresh.lease_lost", repository=claim.url)
            except Exception:
                log.exception("refresh.lease_not_renewed", repository=claim.url)

    def _hand_back(self, pool: ThreadPoolExecutor) -> bool:
        with self._running.lock:
            running = dict(self._running.claims)
        wait(running, timeout=self._settings.stop_seconds)
        pool.shutdown(wait=False, cancel_futures=True)
        hanging = [claim for future, claim in running.items() if future.cancelled() or not future.done()]
        for claim in hanging:
            try:
                self._claims.release(claim)
            except Exception:
                log.exception("refresh.not_handed_back", repository=claim.url)
        return not hanging
