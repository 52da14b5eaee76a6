"""Errors by prefix: `/api/v1` and what stands beside it answer problem+json (RFC 9457), pages answer HTML, and
`/api/tech-insights` answers in Backstage's envelope."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, current_app, json, redirect, render_template, request, url_for
from flask_smorest import Api
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from app.api.tech_insights import errors as insights
from app.errors import NotFoundError
from app.store.engine import first_line, is_database_trouble

log = structlog.get_logger(__name__)
_PAGES = (
    "/entities",
    "/groups",
    "/scorecards",
    "/checks",
    "/sources",
    "/search",
    "/docs",
    "/deliveries",
    "/fix-requests",
    "/notifications",
    "/login",
    "/logout",
    "/widgets",
)


_RETRY_SECONDS = 5
_MACHINES = ("/api/", "/badges/", "/webhooks/")


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest, whose own error handler would answer JSON of another shape for the whole application."""

    def handle_http_exception(self, error: HTTPException) -> Response:
        return answer(error)


def answer(error: HTTPException) -> Response:
    """The response for an HTTP error: a page for pages, a problem for everything else."""
    if insights.handles(request.path):
        return insights.answer(error)
    status = error.code or 500
    data: Any = getattr(error, "data", None)
    messages: Any = data.get("messages") if isinstance(data, dict) else None
    errors: Any = messages or (data.get("errors") if isinstance(data, dict) else None)
    detail = _first(messages) or error.description or error.name
    headers = _headers(error)
    if _is_page():
        if status == 401 and request.method in ("GET", "HEAD"):
            return _to_sign_in()
        lost = status == 404 and request.url_rule is None
        page = render_template("message.html", status=status, name=error.name, message=detail, lost=lost)
        return Response(page, status, headers, mimetype="text/html")
    body = {"type": "about:blank", "title": error.name, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    if "Retry-After" in headers:
        body["retry_after"] = int(headers["Retry-After"])  # a portal's proxy drops the header
    return Response(json.dumps(body), status, headers, mimetype="application/problem+json")


def _first(errors: Any, place: str = "") -> str:
    """The first of what is wrong with fields, as one sentence: `refs: Missing data for required field.`"""
    if isinstance(errors, dict) and errors:
        name, inner = next(iter(errors.items()))
        if place == "" and name in ("json", "query"):  # where it was sent
            return _first(inner)
        return _first(inner, f"{place}/{name}" if place else str(name))
    if isinstance(errors, list) and errors:
        return _first(errors[0], place)
    return f"{place}: {errors}" if place and isinstance(errors, str) else str(errors or "")


def _is_page() -> bool:
    """Whether a person asks: for a page of ours, or, with a browser, for what is nowhere."""
    if request.path == "/" or request.path.startswith(_PAGES):
        return True
    lost = request.url_rule is None and not request.path.startswith(_MACHINES)
    return lost and request.accept_mimetypes.best_match(("application/problem+json", "text/html")) == "text/html"


def _headers(error: HTTPException) -> dict[str, str]:
    """What tells a client how to come back: the methods allowed, how to sign in, when to try again."""
    wanted = ("allow", "www-authenticate", "retry-after")
    return {name: value for name, value in error.get_headers() if name.lower() in wanted}


def _to_sign_in() -> Response:
    asked = request.full_path.rstrip("?")
    answer: Response = redirect(url_for("login.form", next=asked), 303)  # type: ignore[assignment]
    answer.headers["Cache-Control"] = "no-store"
    return answer


def install(app: Flask) -> None:
    """Registers the handlers; the last one may catch everything, and tells nothing of it to the outside."""

    @app.errorhandler(NotFoundError)
    def not_found(error: NotFoundError) -> Response:
        return answer(_http(404, str(error)))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return answer(error)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        if is_database_trouble(error):
            log.warning("http.database_away", path=request.path, method=request.method, error=first_line(error))
            return answer(ServiceUnavailable("The database does not answer now.", retry_after=_RETRY_SECONDS))
        if current_app.testing:
            raise error
        log.exception("http.failed", path=request.path, method=request.method)
        return answer(_http(500, "An unexpected error; the log tells more."))


def _http(status: int, detail: str) -> HTTPException:
    error = HTTPException(detail)
    error.code = status
    return error
