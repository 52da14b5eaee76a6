"""Bodies that come slowly, in production: read before a request is handled, in half of a process's threads at most.

Granian hands a request on when its headers are there, so that reading a body waits for whoever sends it, signed in or
not: as many slow senders as there are threads would stop a process. (waitress reads bodies by itself, in no thread.)
Here they hold half the threads; the others who send a body are asked to come back, and reads go on.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from werkzeug.wrappers import Response

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_PATIENT_SECONDS = 1.0
"""How long one waits for a place, and how long no place may change hands before nobody waits for one."""
_RETRY_SECONDS = 5


class Bodies:
    """WSGI, around an application that is given whole bodies. `most`: bytes of the largest; the rest of a larger one is
    left unread, and whoever handles it counts again. `places`: how many are read at once.
    """

    def __init__(self, application: Application, *, most: int, places: int) -> None:
        self._application, self._most = application, most
        self._places, self._moved_at = threading.BoundedSemaphore(places), time.monotonic()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._is_to_be_read(environ):
            with self._place() as entered:
                if not entered:
                    return _busy()(environ, start_response)
                environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(self._most + 1))
        return self._application(environ, start_response)

    def _is_to_be_read(self, environ: dict[str, Any]) -> bool:
        """A body that announces more than anyone may send is refused by its length alone, and never read."""
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdecimal():
            return 0 < int(length[:20]) <= self._most
        return "HTTP_TRANSFER_ENCODING" in environ

    @contextmanager
    def _place(self) -> Iterator[bool]:
        entered = self._places.acquire(blocking=False) or (
            time.monotonic() - self._moved_at < _PATIENT_SECONDS and self._places.acquire(timeout=_PATIENT_SECONDS)
        )
        if not entered:
            yield False
            return
        self._moved_at = time.monotonic()
        try:
            yield True
        finally:
            self._moved_at = time.monotonic()
            self._places.release()


def _busy() -> Response:
    """503 as a problem (RFC 9457), such as the application answers."""
    detail = "Too many bodies are being sent slowly."
    body = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": detail}
    text = json.dumps({**body, "retry_after": _RETRY_SECONDS})
    return Response(text, 503, {"Retry-After": str(_RETRY_SECONDS)}, content_type="application/problem+json")
