"""`/metrics` in Prometheus' text format: what processes counted, and what the tables say at this moment.

Requests, refreshes and judgings are counted by processes; those of one `serve` count together, in files of a shared
folder (prometheus_client's multiprocess mode). Queues, ages and failing sources are read from the store at each scrape:
every web process says the same of them, so look at `max`, not `sum`, over instances.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.pipeline.services import Pipeline
from app.store.gauges import Gauges, gauges

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_PLAIN = {
    "repositories": ("roadworthy_repositories", "Repositories known."),
    "repositories_unread": ("roadworthy_repositories_unread", "Repositories that were never read."),
    "repositories_parked": ("roadworthy_repositories_parked", "Repositories that are tried once a day."),
    "repositories_deadly": ("roadworthy_repositories_deadly", "Repositories whose last reader died."),
    "repositories_running": ("roadworthy_repositories_running", "Repositories that are being refreshed."),
    "due_age": ("roadworthy_repositories_due_age_seconds", "How long the oldest due repository waits."),
    "hint_age": ("roadworthy_push_age_seconds", "How long the oldest push (or hint) waits to be read."),
    "checked_age": ("roadworthy_repositories_checked_age_seconds", "Since when the stalest was not looked at."),
    "entities": ("roadworthy_entities", "Entities known."),
    "entities_due": ("roadworthy_entities_due", "Entities waiting to be judged."),
    "entities_due_age": ("roadworthy_entities_due_age_seconds", "How long the oldest due entity waits."),
    "entities_failing": ("roadworthy_entities_failing", "Entities whose last judging failed."),
    "workers": ("roadworthy_workers", "Workers that were heard of within half a minute."),
    "worker_silence": ("roadworthy_worker_silence_seconds", "Since when no worker was heard of."),
    "deliveries_waiting_age": ("roadworthy_webhook_waiting_age_seconds", "Age of the oldest delivery not acted on."),
}


class WebMetrics:
    """What one web process counts. One registry an application: several in one process don't share numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route", "code")
        self.requests = Counter("roadworthy_http_requests_total", "Requests answered.", names, registry=self.registry)
        self.durations = Histogram(
            "roadworthy_http_request_duration_seconds",
            "Time to answer a request.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.deliveries = Counter(
            "roadworthy_webhook_deliveries_total",
            "Webhook deliveries by what became of them.",
            ("source", "outcome"),
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request. A method that nobody knows is a stranger's word, and no label."""
        self.requests.labels(method if method in _METHODS else "other", route, status).inc()
        self.durations.labels(route).observe(seconds)

    def delivered(self, source: str, outcome: str) -> None:
        """Counts one webhook delivery; `source`: `forge/name`, of the settings."""
        self.deliveries.labels(source, outcome).inc()


class StoreCollector(Collector):
    """The gauges of the store, as of the moment of the scrape."""

    def __init__(self, found: Gauges) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        for field, (name, text) in _PLAIN.items():
            yield GaugeMetricFamily(name, text, value=getattr(self._found, field))
        yield GaugeMetricFamily(
            "roadworthy_repositories_failing",
            "Repositories whose last refresh failed.",
            value=sum(self._found.repository_errors.values()),
        )
        yield _by("roadworthy_repository_errors", "The same by reason.", "reason", self._found.repository_errors)
        yield _by("roadworthy_provider_up", "Whether a provider listed well last.", "provider", self._found.providers)
        yield _by("roadworthy_messages", "Messages to the outside, by state.", "state", self._found.messages)
        refused = CounterMetricFamily(
            "roadworthy_webhooks_refused", "Webhook deliveries that were refused.", labels=("source", "reason")
        )
        for key, count in self._found.deliveries_refused.items():
            refused.add_metric(key, count)
        yield refused
        yield CounterMetricFamily("roadworthy_changes", "Changes of results told.", value=self._found.changes)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), float(value))
    return family


def exposition(pipeline: Pipeline, counted: WebMetrics, shared: str = "") -> bytes:
    """The text. `shared`: the folder where the processes of this server count together; "" when it is one alone."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(gauges(pipeline.store.database, pipeline.clock())))
    if shared:
        MultiProcessCollector(registry, path=shared)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    parts = (registry, counted.registry, pipeline.metrics.registry)
    return b"".join(generate_latest(one) for one in parts)
