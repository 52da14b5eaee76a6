"""`/healthz`, `/readyz`, `/metrics`: for whoever runs the service."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, Response, abort, current_app, g, json
from sqlalchemy.exc import SQLAlchemyError

from app.api.guard import public
from app.api.metrics import WebMetrics, exposition
from app.api.reading import pipeline
from app.identity.model import READ
from app.store.gauges import ALIVE

log = structlog.get_logger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """200 when requests can be answered: the database answers, a policy is in force. What limps meanwhile (`degraded`:
    no worker, Redis away, a refused policy) is told, but takes no web process out of service: reads go on."""
    body: dict[str, Any] = {"ready": True, "database": "ok", "policy_version": pipeline().policy.version}
    degraded = []
    try:
        body["worker"] = _worker()
        if g.identity.may(READ):
            body["repositories"] = pipeline().store.tally.repositories()[0]
    except SQLAlchemyError as error:
        body |= {"ready": False, "database": type(error).__name__}
    else:
        degraded += [] if body["worker"]["alive"] else ["worker"]
    body["redis"] = pipeline().work.state()
    degraded += ["redis"] if body["redis"] == "away" else []
    degraded += ["policy"] if pipeline().policies.problem else []
    if pipeline().policies.problem and g.identity.may(READ):
        body["policy_problem"] = pipeline().policies.problem
    upstream = current_app.extensions["tech_insights"].upstream
    if upstream is not None and upstream.problem and g.identity.may(READ):
        body["tech_insights_upstream_problem"] = upstream.problem
    body["degraded"] = degraded
    return Response(json.dumps(body), 200 if body["ready"] else 503, mimetype="application/json")


def _worker() -> dict[str, Any]:
    """How many workers are at work, and since when none was heard of."""
    now = pipeline().clock()
    known = pipeline().store.workers.all()
    silence = round((now - known[0].seen_at).total_seconds(), 1) if known else None
    return {"alive": sum(now - one.seen_at <= ALIVE for one in known), "seen_seconds_ago": silence}


def metrics_view(metrics: WebMetrics, shared: str) -> Response:
    """Prometheus' text format. 503 when the database does not answer: a scrape that fails is an alert of its own.
    Refused to who may see a part only: it counts everything."""
    if pipeline().store.sight.is_limited:
        abort(403, "Metrics count everything there is, and you may see a part of it.")
    try:
        text = exposition(pipeline(), metrics, shared)
    except SQLAlchemyError as error:
        log.warning("metrics.database_away", error=type(error).__name__)
        return Response(f"# the database does not answer: {type(error).__name__}\n", 503, mimetype="text/plain")
    return Response(text, mimetype="text/plain; version=0.0.4")
