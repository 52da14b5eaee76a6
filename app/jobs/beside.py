"""What a worker does beside refreshing, each job in a thread of its own: judging, discovery, counting, telling.

A job is called again and again until the worker stops. It may say that there is more to do at once, and one that is
`prompt` is woken whenever a refresh has ended. What it raises is logged; the next round tries again, a little later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from app.jobs.metrics import WorkerMetrics

log = structlog.get_logger(__name__)
_LONGEST_REST = 10.0


@dataclass(frozen=True, slots=True)
class Beside:
    """`run` returns whether it is worth running again at once. `every`: seconds from one round to the next."""

    name: str
    run: Callable[[], object]
    every: float = 0.2
    prompt: bool = False


class BesideThread(threading.Thread):
    """Daemon: a worker that must end does not wait for a job that hangs."""

    def __init__(self, job: Beside, stopping: threading.Event, metrics: WorkerMetrics) -> None:
        super().__init__(name=job.name, daemon=True)
        self._job, self._stopping, self._metrics, self._woken = job, stopping, metrics, threading.Event()

    def wake(self) -> None:
        """Ends the wait between two rounds."""
        self._woken.set()

    def refreshed(self) -> None:
        if self._job.prompt:
            self._woken.set()

    def run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._woken.clear()
            rest = self._job.every
            try:
                if self._job.run() is True:
                    rest = 0.0
                failures = 0
            except Exception:
                # One bad round (a database away, a provider's surprise) must not end what keeps scores fresh.
                log.exception("worker.job_failed", job=self._job.name)
                self._metrics.job_failed(self._job.name)
                failures += 1
                rest = min(_LONGEST_REST, max(rest, 0.1) * 2**failures)
            if rest:
                self._woken.wait(rest)
