"""What a worker counts: refreshes and judgings by how they ended and how long they took, rounds that failed.

A registry of its own, so that several in one process (tests) don't share numbers. How Prometheus gets it stands in
docs/operations.md; what is known from the tables (queues, ages, failing sources) is read there at each scrape instead.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_REFRESH = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_JUDGING = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class WorkerMetrics:
    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._refreshes = Counter(
            "roadworthy_refreshes_total",
            "Refreshes of repositories, by how they ended: ok, or why not.",
            ("outcome",),
            registry=registry,
        )
        self._refresh_seconds = Histogram(
            "roadworthy_refresh_duration_seconds",
            "Time to refresh one repository.",
            buckets=_REFRESH,
            registry=registry,
        )
        self._judgings = Counter(
            "roadworthy_judgings_total",
            "Judgings of entities: changed, unchanged, superseded (done again) or failed.",
            ("outcome",),
            registry=registry,
        )
        self._judging_seconds = Histogram(
            "roadworthy_judging_duration_seconds", "Time to judge one entity.", buckets=_JUDGING, registry=registry
        )
        self._job_failures = Counter(
            "roadworthy_job_failures_total",
            "Rounds of a worker's jobs that raised, by task.",
            ("task",),
            registry=registry,
        )

    def refreshed(self, outcome: str, seconds: float) -> None:
        """`outcome`: ok, superseded, database, died, bug, or a reason of `facts.model.Reason`."""
        self._refreshes.labels(outcome).inc()
        self._refresh_seconds.observe(seconds)

    def judged(self, outcome: str) -> None:
        """`outcome`: changed, unchanged, superseded or failed."""
        self._judgings.labels(outcome).inc()

    def judging_took(self, seconds: float, entities: int) -> None:
        """Seconds for each of some entities that were judged and saved together."""
        for _ in range(entities):
            self._judging_seconds.observe(seconds)

    def job_failed(self, task: str) -> None:
        self._job_failures.labels(task).inc()
