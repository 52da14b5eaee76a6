"""The worker: claims due repositories, runs them in a bounded pool, keeps their leases alive, stops gracefully.

What a run does is handed in (`run_one`), and so is what goes on beside (`beside`: judging, discovery, telling). A run
ends its own claim; one that raises is caught here, and its error kept where people see it: in the repository's row. The
database's own trouble is nobody's error: the repository is given back and comes again a little later.
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
from app.jobs.beside import Beside, BesideThread
from app.jobs.due import next_retry
from app.jobs.hints import Hints, ProcessHints
from app.jobs.hosts import Hosts
from app.jobs.metrics import WorkerMetrics
from app.store.claims import Claims
from app.store.engine import DatabaseError, first_line, is_database_trouble
from app.store.hinted import DEADLY
from app.store.model import RepositoryClaim

log = structlog.get_logger(__name__)
RunOne = Callable[[RepositoryClaim], None]
_TROUBLE_RETRY = timedelta(seconds=5)


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_owner() -> str:
    """A name for this worker that no other one has, also on this machine, also after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """`per_host` bounds how many runs one host may hold, so that a slow one never starves the others.

    `reserved` places are for what a person waits for, beside the `threads`. A lease is renewed three times in its time;
    a worker that dies keeps its repositories from others for at most so long.
    """

    threads: int = 8
    per_host: int = 4
    reserved: int = 1
    lease: timedelta = timedelta(seconds=20)
    poll_seconds: float = 0.2
    stop_seconds: float = 6.0


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
        beside: Sequence[Beside] = (),
        metrics: WorkerMetrics | None = None,
        clock: Callable[[], datetime] = utc_now,
        rng: Random | None = None,
    ) -> None:
        self._claims, self._run_one, self._clock = claims, run_one, clock
        self._settings = settings or WorkerSettings()
        self._hints = hints or ProcessHints()
        self._metrics = metrics or WorkerMetrics()
        self._rng = rng or Random()  # noqa: S311 (jitter, not a secret)
        self._hosts = Hosts(self._settings.per_host, self._rng)
        self.owner = new_owner()
        self._stopping = threading.Event()
        self._asked_to_stop = False
        self._running = _Running()
        self._beside = [BesideThread(job, self._stopping, self._metrics) for job in beside]

    def stop(self) -> None:
        """Asks the worker to end: no new claims; what runs may finish in `stop_seconds`, the rest is handed back."""
        self._stopping.set()
        self._hints.wake()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT stop this worker. Call it from the main thread."""

        def ask(_number: int, _frame: FrameType | None) -> None:
            self._asked_to_stop = True  # only this: an Event's lock may be held by the very thread we interrupt

        signal.signal(signal.SIGTERM, ask)
        signal.signal(signal.SIGINT, ask)

    def running(self) -> int:
        """How many refreshes run at this moment."""
        with self._running.lock:
            return len(self._running.claims)

    def run(self) -> bool:
        """Works until stopped; returns within about `stop_seconds` of that, whatever still hangs.

        Whether everything ended. If not, end the process by `os._exit`: Python would wait for the hanging thread.
        """
        places = self._settings.threads + self._settings.reserved
        pool = ThreadPoolExecutor(places, thread_name_prefix="refresh")
        renewing = threading.Thread(target=self._renew_until_stopped, name="renew-leases", daemon=True)
        others = [renewing, *self._beside]
        for thread in others:
            thread.start()
        try:
            while not (self._asked_to_stop or self._stopping.is_set()):
                if not self._work(pool):
                    self._hints.wait(self._settings.poll_seconds)
        finally:
            self._stopping.set()
            for one in self._beside:
                one.wake()
            until = time.monotonic() + self._settings.stop_seconds
            ended = self._hand_back(pool)
            for thread in others:
                thread.join(max(0.1, until - time.monotonic()))
        return ended and not any(thread.is_alive() for thread in others)

    def _work(self, pool: ThreadPoolExecutor) -> bool:
        """Claims what there is room for. Whether anything was claimed."""
        try:
            return self._claim(pool)
        except DatabaseError as error:
            # One that is away for a minute must not end the worker; the next poll tries again.
            log.error("worker.poll_failed", owner=self.owner, error=first_line(error))
            self._stopping.wait(self._settings.poll_seconds * self._rng.uniform(1, 4))
            return False

    def _claim(self, pool: ThreadPoolExecutor) -> bool:
        with self._running.lock:
            hosts = Counter(claim.host for claim in self._running.claims.values())
        room = self._settings.threads + self._settings.reserved - hosts.total()
        if room <= 0:
            return False
        now = self._clock()
        # One at a time: each claim may fill its host, and other workers get their share of the rest.
        found = self._claims.claim_due(
            now,
            self.owner,
            self._settings.lease,
            exclude_hosts=self._hosts.left_out(hosts, now),
            exclude_interactive=self._hosts.left_out(hosts, now, spare=self._settings.reserved),
            only_interactive=room <= self._settings.reserved,
        )
        for claim in found:
            with self._running.lock:
                future = pool.submit(self._run, claim)
                self._running.claims[future] = claim
            future.add_done_callback(self._ended)
        return bool(found)

    def _ended(self, future: Future[None]) -> None:
        with self._running.lock:
            self._running.claims.pop(future, None)
        for job in self._beside:
            job.refreshed()
        self._hints.wake()  # there is room again

    def _run(self, claim: RepositoryClaim) -> None:
        began = time.perf_counter()
        outcome = "ok"
        try:
            if claim.lapsed and claim.deaths >= DEADLY:
                outcome = "died"
                self._leave_alone(claim)
                return
            self._run_one(claim)
            self._hosts.did(claim.host, self._clock(), well=True)
        except StaleError:
            outcome = "superseded"
            log.info("refresh.superseded", repository=claim.url)
        except RepositoryError as error:
            outcome = error.reason
            log.warning("refresh.failed", repository=claim.url, error=str(error), reason=error.reason)
            answered = error.permanent or error.reason != "source_failing"
            self._hosts.did(claim.host, self._clock(), well=answered)
            self._keep_error(claim, error)
        except Exception as error:
            if is_database_trouble(error):
                outcome = "database"
                self._postpone(claim, error)
            else:
                outcome = "bug"
                log.exception("refresh.failed", repository=claim.url)
                self._keep_error(claim, error)
        finally:
            self._metrics.refreshed(outcome, time.perf_counter() - began)

    def _leave_alone(self, claim: RepositoryClaim) -> None:
        """A repository under which workers died again and again: not tried now, and tried alone much later."""
        text = f"the last {claim.deaths} workers that read it ended while they did"
        retry = next_retry(self._clock(), claim.failures + 1, text, self._rng, good_at=claim.checked_at)
        log.error("refresh.deadly", repository=claim.url, deaths=claim.deaths, due_at=str(retry.due_at))
        self._fail(claim, text, "source_failing", retry.due_at, retry.parked_reason, died=True)

    def _postpone(self, claim: RepositoryClaim, error: Exception) -> None:
        log.warning("refresh.postponed", repository=claim.url, error=first_line(error))
        try:
            self._claims.postpone(claim, self._clock() + _TROUBLE_RETRY * self._rng.uniform(0.2, 1))
        except DatabaseError:
            log.warning("refresh.not_postponed", repository=claim.url)  # the lease ends by itself

    def _keep_error(self, claim: RepositoryClaim, error: Exception) -> None:
        known = isinstance(error, RoadworthyError)
        text = str(error) if known else f"an unexpected {type(error).__name__}; the log tells more"
        permanent = isinstance(error, RepositoryError) and error.permanent
        retry = next_retry(
            self._clock(), claim.failures + 1, text, self._rng, permanent=permanent, good_at=claim.checked_at
        )
        reason = error.reason if isinstance(error, RepositoryError) else "source_failing"
        self._fail(claim, text, reason, retry.due_at, retry.parked_reason)

    def _fail(
        self, claim: RepositoryClaim, error: str, reason: str, due: datetime, parked: str, *, died: bool = False
    ) -> None:
        try:
            self._claims.fail(
                claim, now=self._clock(), error=error, reason=reason, next_due=due, parked_reason=parked, died=died
            )
        except DatabaseError as problem:  # the lease ends by itself
            log.warning("refresh.failure_not_kept", repository=claim.url, error=first_line(problem))

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
            except DatabaseError as error:
                log.warning("refresh.lease_not_renewed", repository=claim.url, error=first_line(error))

    def _hand_back(self, pool: ThreadPoolExecutor) -> bool:
        with self._running.lock:
            running = dict(self._running.claims)
        wait(running, timeout=self._settings.stop_seconds)
        pool.shutdown(wait=False, cancel_futures=True)
        hanging = [claim for future, claim in running.items() if future.cancelled() or not future.done()]
        for claim in hanging:
            try:
                self._claims.release(claim)
            except DatabaseError as error:
                log.warning("refresh.not_handed_back", repository=claim.url, error=first_line(error))
        return not hanging
