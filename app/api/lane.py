"""The fast lane: the two answers that portals ask for many times a minute, given before Flask wakes up.

Flask decides who may ask; the lane only remembers for a second that somebody was let in, and which headers they were
sent. It knows them by every header that could matter (all but the few in `_WITHOUT_MEANING`), their address and the
kind of request, so another credential, cookie, origin or host is somebody else. What they get comes from `Kept`, as it
does in the views. Readers who see only some entities, unknown entities, errors and every other request go to Flask.

Measured: a view of Flask costs 46 µs before it does anything, our guard, metrics and headers as much again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.api.guard import another_read
from app.api.kept import Ready
from app.api.reading import pipeline
from app.catalog.model import EntityRef

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Observe = Callable[[str, str, int, float], None]
"""What counts a request: its method, route, status and seconds."""
_MARK = "roadworthy.lane"
_NO_TIME, _LET_IN = timedelta(0), timedelta(seconds=1)
_MOST_REMEMBERED = 2048
_WITHOUT_MEANING = frozenset(
    f"HTTP_{name}"
    for name in (
        *("ACCEPT", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "CACHE_CONTROL", "CONNECTION", "CONTENT_LENGTH"),
        *("CONTENT_TYPE", "IF_NONE_MATCH", "PRAGMA", "TRACEPARENT", "TRACESTATE", "USER_AGENT"),
    )
)
_OWN_HEADERS = frozenset(("content-type", "content-length", "etag", "content-encoding", "date", "server"))


@dataclass(frozen=True, slots=True)
class Fast:
    """One route. Between `head` and `tail` stand kind, namespace, name, at the places of `parts`. A POST asks `{}`."""

    method: str
    route: str
    head: str
    tail: str
    parts: tuple[int, int, int]
    find: Callable[[EntityRef], Ready | None]

    def ref(self, path: str) -> EntityRef | None:
        if not path.startswith(self.head) or not path.endswith(self.tail) or not path.isascii():
            return None
        found = path[len(self.head) : len(path) - len(self.tail)].lower().split("/")
        kind, namespace, name = self.parts
        return EntityRef(found[kind], found[namespace], found[name]) if len(found) == 3 and all(found) else None


@dataclass(frozen=True, slots=True)
class _LetIn:
    at: datetime
    headers: Headers
    may_ask: Callable[[], bool]


class Lane:
    """A WSGI application around Flask's. Safe for threads: what it remembers is replaced, never changed."""

    def __init__(self, app: Any, routes: Iterable[Fast], observe: Observe, clock: Callable[[], datetime]) -> None:
        self.app, self.clock = app, clock
        self._routes, self._observe = tuple(routes), observe
        self._let_in: dict[tuple[object, ...], _LetIn] = {}

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        for fast in self._routes:
            if fast.method == environ["REQUEST_METHOD"] and not environ.get("QUERY_STRING"):
                ref = fast.ref(environ["PATH_INFO"])
                if ref is not None and (fast.method == "GET" or _asks_nothing(environ)):
                    return self._answer(fast, ref, environ, start_response)
        return self.app(environ, start_response)  # type: ignore[no-any-return]

    def remember(
        self, who: tuple[object, ...], headers: Iterable[tuple[str, str]], may_ask: Callable[[], bool]
    ) -> None:
        """Whoever this is was let in just now, and got these headers. `may_ask` counts each further request."""
        if len(self._let_in) >= _MOST_REMEMBERED:
            self._let_in = {}
        lasting = [(name, value) for name, value in headers if name.lower() not in _OWN_HEADERS]
        self._let_in[who] = _LetIn(self.clock(), lasting, may_ask)

    def _answer(self, fast: Fast, ref: EntityRef, environ: Environ, start_response: Any) -> Iterable[bytes]:
        began, who = time.perf_counter(), _who(fast, environ)
        let_in = self._let_in.get(who)
        # A clock that was set back makes the age negative: then they ask Flask again.
        is_fresh = let_in is not None and _NO_TIME <= self.clock() - let_in.at < _LET_IN
        ready = self._found(fast, ref) if is_fresh else None
        if let_in is None or ready is None or not let_in.may_ask():
            environ[_MARK] = (self, who)
            return self.app(environ, start_response)  # type: ignore[no-any-return]
        status, headers, body = ready.sent(environ)
        start_response(status, let_in.headers + headers)
        self._observe(fast.method, fast.route, int(status[:3]), time.perf_counter() - began)
        return [body]

    def _found(self, fast: Fast, ref: EntityRef) -> Ready | None:
        try:
            return fast.find(ref)
        except SQLAlchemyError:
            return None  # the view meets it again, and answers as errors are answered


def install(app: Flask, routes: Iterable[Fast], observe: Observe, clock: Callable[[], datetime]) -> None:
    """Puts the lane before an application. Call it before any other `after_request`, to see all their headers."""
    app.after_request(_remember)
    app.wsgi_app = Lane(app.wsgi_app, routes, observe, clock)  # type: ignore[method-assign]


def _remember(response: Response) -> Response:
    mark = request.environ.get(_MARK)
    if mark is not None and response.status_code in (200, 304) and _may_be_remembered(response):
        lane, who = mark
        lane.remember(who, response.headers.items(), another_read())
    return response


def _may_be_remembered(response: Response) -> bool:
    return "Set-Cookie" not in response.headers and "identity" in g and not pipeline().store.sight.is_limited


def _who(fast: Fast, environ: Mapping[str, Any]) -> tuple[object, ...]:
    """All by which the guard could tell this asker from another."""
    said = [
        (name, value) for name, value in environ.items() if name.startswith("HTTP_") and name not in _WITHOUT_MEANING
    ]
    said.sort()
    return (fast.route, environ.get("REMOTE_ADDR"), environ.get("wsgi.url_scheme"), *said)


def _asks_nothing(environ: Environ) -> bool:
    """Whether the body is empty or `{}`. One that is neither is put back for the view to read."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length not in ("0", "2") or environ.get("HTTP_TRANSFER_ENCODING"):
        return False
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return body in (b"", b"{}")
