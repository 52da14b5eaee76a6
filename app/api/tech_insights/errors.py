"""Errors under `/api/tech-insights`: Backstage's envelope, and the few answers that the original gives bare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from app.errors import RoadworthyError

PREFIX = "/api/tech-insights"
_NAMES = {
    400: "InputError",
    401: "AuthenticationError",
    403: "NotAllowedError",
    404: "NotFoundError",
    409: "ConflictError",
    413: "PayloadTooLargeError",
    429: "TooManyRequestsError",
    501: "NotImplementedError",
    503: "ServiceUnavailableError",
}
_OF_BODY = ("content-type", "content-length")


class Refused(RoadworthyError):
    """A request that can't be answered. `bare`: the whole body where the original sends no envelope."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        name: str = "",
        more: Mapping[str, Any] | None = None,
        bare: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.bare = status, message, bare
        self.name = name or _NAMES.get(status, "Error")
        self.more = more or {}


def handles(path: str) -> bool:
    return path.startswith(f"{PREFIX}/") or path == PREFIX


def refused(error: Refused) -> Response:
    """The answer to a `Refused`."""
    if error.bare is not None:
        return _json(error.status, error.bare)
    return _envelope(error.status, error.name, error.message, error.more)


def answer(error: HTTPException) -> Response:
    """The answer to an HTTP error. A route that does not exist, or not for this method, is an empty 404."""
    status = error.code or 500
    if status == 405 or (status == 404 and request.url_rule is None):
        empty = Response(status=_line(404))
        empty.headers.pop("Content-Type")
        return empty
    if status == 413:
        sizes = {"expected": request.content_length, "limit": request.max_content_length, "type": "entity.too.large"}
        return _envelope(413, _NAMES[413], "request entity too large", sizes)
    headers = {name: value for name, value in error.get_headers() if name.lower() not in _OF_BODY}
    return _envelope(status, _NAMES.get(status, "Error"), error.description or error.name, {}, headers)


def _envelope(
    status: int, name: str, message: str, more: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    url = request.full_path if request.query_string else request.path
    body = {
        "error": {"name": name, "message": message, **more},
        "request": {"method": request.method, "url": url.removeprefix(PREFIX)},
        "response": {"statusCode": status},
    }
    return _json(status, body, headers)


def _line(status: int) -> str:
    """The status as Node spells it: the client shows it to people."""
    return f"{status} {HTTPStatus(status).phrase}"


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Response(data, _line(status), headers, mimetype="application/json")
