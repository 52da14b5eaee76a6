"""`/healthz`, `/readyz`, `/metrics`: for whoever runs the service."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, json
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app.api.guard import public
from app.api.reading import pipeline
from app.identity.model import READ

blueprint = Blueprint("health", __name__)


class Metrics:
    """One registry an application, so that tests and several applications in one process don't share numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route", "code")
        self.requests = Counter("roadworthy_http_requests_total", "Requests answered.", names, registry=self.registry)
        self.durations = Histogram(
            "roadworthy_http_request_duration_seconds",
            "Time to answer a request.",
            ("route",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self.registry,
        )
        self.repositories = Gauge("roadworthy_repositories", "Repositories known.", registry=self.registry)
        self.failing = Gauge(
            "roadworthy_repositories_failing", "Repositories whose last refresh failed.", registry=self.registry
        )
        self.due_age = Gauge(
            "roadworthy_repositories_due_age_seconds",
            "How long the oldest due repository waits.",
            registry=self.registry,
        )
        self.entities_due = Gauge("roadworthy_entities_due", "Entities waiting to be judged.", registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request."""
        self.requests.labels(method, route, status).inc()
        self.durations.labels(route).observe(seconds)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """200 when the database answers and a policy is in force; a refused newer policy keeps us ready,
    and is told to whoever may read."""
    body: dict[str, object] = {"ready": True}
    try:
        body["repositories"] = len(pipeline().store.repositories.urls())
    except SQLAlchemyError as error:
        body = {"ready": False, "database": type(error).__name__}
    body["policy_version"] = pipeline().policy.version
    if pipeline().policies.problem and g.identity.may(READ):
        body["policy_problem"] = pipeline().policies.problem
    upstream = current_app.extensions["tech_insights"].upstream
    if upstream is not None and upstream.problem and g.identity.may(READ):
        body["tech_insights_upstream_problem"] = upstream.problem
    return Response(json.dumps(body), 200 if body["ready"] else 503, mimetype="application/json")


def metrics_view(metrics: Metrics) -> Response:
    """Prometheus' text format; the gauges are read from the store at this moment."""
    store, now = pipeline().store, pipeline().clock()
    total, failing = store.tally.repositories()
    metrics.repositories.set(total)
    metrics.failing.set(failing)
    due = store.claims.next_due_at()
    metrics.due_age.set(max(0.0, (now - due).total_seconds()) if due else 0.0)
    metrics.entities_due.set(store.due.waiting(now))
    return Response(generate_latest(metrics.registry), mimetype="text/plain; version=0.0.4")
