"""The web application: API, pages, health and error handling wired around one pipeline. It never crawls."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from app.api import document, errors, guard, headers, health, lane, v1_admission, webhooks
from app.api.badges import routes as badges
from app.api.bodies import StrictJson
from app.api.kept import Kept
from app.api.lane import Fast
from app.api.metrics import WebMetrics
from app.api.reading import Results
from app.api.tech_insights import routes as tech_insights
from app.api.tech_insights.service import Insights
from app.api.tech_insights.upstream import Upstream
from app.clients.tech_insights import TechInsightsClient
from app.dashboards import login, notifications
from app.identity.access import Access
from app.pipeline.fix_requests import FixRequests
from app.pipeline.services import Pipeline
from app.webhooks.gate import Gate

_MAX_BODY = 1024 * 1024
_BLUEPRINTS = (
    tech_insights.blueprint,
    badges.blueprint,
    health.blueprint,
    notifications.blueprint,  # the pages', with every page on it
    login.blueprint,
)


def create_app(
    pipeline: Pipeline,
    *,
    organisation: str = "Our organisation",
    public_url: str = "",
    access: Access | None = None,
    gate: Gate | None = None,
    upstream: TechInsightsClient | None = None,
    fix_requests: FixRequests | None = None,
    shared_metrics: str = "",
) -> Flask:
    """The WSGI application over a pipeline. Without `access` sign-in is off, and only this machine is answered.

    `gate`: the forges whose webhooks are taken; none without it. `shared_metrics`: see `api.metrics`.
    """
    app = _bare(organisation)
    app.extensions["roadworthy"] = pipeline
    app.extensions["fix_requests"] = fix_requests or FixRequests()
    api = errors.ProblemApi(app)
    api.register_blueprint(v1_admission.blueprint)  # v1's own, with every route on it
    app.extensions["kept"] = kept = Kept(pipeline.store.served, changed=pipeline.policies.refresh)
    other = Upstream(upstream) if upstream else None
    app.extensions["results"] = results = Results(pipeline.policies, kept, pipeline.forges)
    app.extensions["tech_insights"] = insights = Insights(pipeline, kept, public_url, other)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    webhooks.install(app, gate or Gate({}, max_body=_MAX_BODY, at_once=1))
    app.extensions["openapi"] = api
    document.complete(app, api.spec)
    errors.install(app)
    app.extensions["metrics"] = metrics = WebMetrics()
    lane.install(app, _fast(results, insights), metrics.answered, pipeline.clock)
    _measure(app, metrics, shared_metrics)
    app.before_request(kept.look)  # follows the policy that the worker put in force
    entry = access or Access()
    guard.install(app, entry)
    headers.install(app, entry)
    return app


def _bare(organisation: str) -> Flask:
    app = Flask("app.web", static_folder=None)
    app.json = StrictJson(app)
    app.config.update(
        API_TITLE=document.INFO["title"],
        API_VERSION=document.INFO["version"],
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=_MAX_BODY,
        ORGANISATION=organisation,
    )
    return app


def _fast(results: Results, insights: Insights) -> list[Fast]:
    """What portals ask for all the time."""
    entity, run = "/api/v1/entities/by-name/", "/api/tech-insights/checks/run/"
    read = Fast("GET", f"{entity}<kind>/<namespace>/<name>/results", entity, "/results", (0, 1, 2), results.one)
    return [read, Fast("POST", f"{run}<namespace>/<kind>/<name>", run, "", (1, 0, 2), insights.fast)]


def _measure(app: Flask, metrics: WebMetrics, shared: str) -> None:
    view = guard.openable("metrics")(lambda: health.metrics_view(metrics, shared))
    app.add_url_rule("/metrics", "metrics", view)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        metrics.answered(request.method, route, response.status_code, seconds)
        return response
