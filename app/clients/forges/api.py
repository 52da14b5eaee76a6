"""How a forge's REST API is asked: token, conditional requests, rate limits honoured, pages followed on the same host.

Each module beside this one says the forge's own paths and shapes. Answers that carry an ETag are remembered for the
life of the process: asking again costs a 304, which GitHub does not count against the limit.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from app.errors import RoadworthyError
from app.lib.http import Http, HttpError, Response

_ATTEMPTS = 4
_MOST_PAGES = 1_000
_MOST_KEPT = 2_000
_SECONDARY = 60.0
"""What GitHub asks for where a secondary limit comes without a time."""
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')


class ForgeError(RoadworthyError):
    """A forge did not do what it was asked. `status` 0: nobody answered. `permanent`: asking again can't help.

    `wait`: seconds for which it limits our rate; asking sooner can't help.
    """

    def __init__(self, message: str, status: int = 0, *, permanent: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status, self.permanent, self.wait = status, permanent, wait


@dataclass(frozen=True, slots=True)
class ForgeRepository:
    """A repository as its forge tells of it. `id` is the forge's own and outlives renames; `path` is `group/name`."""

    id: str
    path: str
    url: str
    branch: str = ""
    archived: bool = False
    fork: bool = False


@dataclass
class Api:
    """`base` ends where paths begin. `headers` are asked for each time: a token may be short-lived.

    `longest_wait`: seconds that a rate limit may make us wait; beyond it ForgeError says until when.
    """

    http: Http
    base: str
    headers: Callable[[], Mapping[str, str]]
    longest_wait: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _kept: dict[str, tuple[str, Response]] = field(default_factory=dict, repr=False)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON of one answer. Raises ForgeError."""
        return _json(self._get(self._url(path), params))

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[Any]:
        """The JSON of every page, by the `Link` header. Raises ForgeError."""
        url, query = self._url(path), dict(params)
        for _ in range(_MOST_PAGES):
            response = self._get(url, query)
            yield _json(response)
            following = _NEXT.search(response.headers.get("link", ""))
            if following is None:
                return
            url, query = self.same_host(urljoin(url, following[1])), {}
        raise ForgeError(f"{self.base} lists more than {_MOST_PAGES} pages", permanent=True)

    def send(self, method: str, path: str, body: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """The JSON answer to something that changes; None where the answer is empty. Raises ForgeError.

        Asked once: who meets a rate limit here is told for how long, and comes back.
        """
        data = json.dumps(body).encode() if body is not None else b""
        headers = {**self.headers(), "Content-Type": "application/json"}
        try:
            response = self.http.send(method, self._url(path), data, headers)
        except HttpError as error:
            raise ForgeError(str(error), permanent=error.permanent) from None
        if response.status >= 300:
            raise self._refused(response, method, self._limited(response))
        return _json(response) if response.body.strip() else None

    def same_host(self, url: str) -> str:
        """Where the next page is; a forge that points elsewhere would be handed our token there. Raises ForgeError."""
        ours, theirs = urlsplit(self.base), urlsplit(url)
        if (ours.scheme, ours.netloc.lower()) != (theirs.scheme, theirs.netloc.lower()):
            raise ForgeError(f"{self.base} points to another host for its next page", permanent=True)
        return url

    def _url(self, path: str) -> str:
        return path if "://" in path else f"{self.base.rstrip('/')}/{path.lstrip('/')}"

    def _get(self, url: str, params: Mapping[str, str] | None) -> Response:
        key = f"{url}?{json.dumps(params, sort_keys=True)}" if params else url
        kept = self._kept.get(key)
        for attempt in range(_ATTEMPTS):
            headers = {**self.headers(), "Accept": "application/json"}
            if kept is not None:
                headers["If-None-Match"] = kept[0]
            wait = min(2.0**attempt, self.longest_wait)
            try:
                response = self.http.get(url, headers, params)
            except HttpError as error:
                if error.permanent or attempt + 1 == _ATTEMPTS:
                    raise ForgeError(str(error), permanent=error.permanent) from None
            else:
                if response.status == 304 and kept is not None:
                    return kept[1]
                if response.status == 200:
                    self._keep(key, response)
                    return response
                limited = self._limited(response)
                if limited is None and response.status < 500:
                    raise self._refused(response, "GET")
                if attempt + 1 == _ATTEMPTS or (limited or 0) > self.longest_wait:
                    raise self._refused(response, "GET", limited)
                wait = limited if limited is not None else wait
            self.sleep(wait)
        raise ForgeError(f"{self.base} did not answer")

    def _keep(self, key: str, response: Response) -> None:
        if etag := response.headers.get("etag"):
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (etag, response)

    def _limited(self, response: Response) -> float | None:
        """Seconds to wait when a rate limit was met, else None (GitHub says 403 as well as 429)."""
        asked = response.retry_after(self.now())
        if response.status in (403, 429) and asked is not None:
            return asked
        reset = next(
            (response.headers[n] for n in ("x-ratelimit-reset", "ratelimit-reset") if n in response.headers), ""
        )
        spent = "0" in (response.headers.get("x-ratelimit-remaining"), response.headers.get("ratelimit-remaining"))
        if response.status == 429 or (response.status == 403 and spent):
            return max(0.0, float(reset) - self.now().timestamp()) if reset.isascii() and reset.isdigit() else 5.0
        if response.status == 403 and b"secondary rate limit" in response.body.lower():
            return _SECONDARY
        return None

    def _refused(self, response: Response, method: str, limited: float | None = None) -> ForgeError:
        status = response.status
        if limited is not None:
            return ForgeError(f"{self.base} limits our rate for another {limited:.0f} s", status, wait=limited)
        words = {
            401: "does not know the token",
            403: "does not allow the token to do that",
            404: "has no such thing, or the token may not see it",
        }
        said = words.get(status, f"answered {status}")
        return ForgeError(f"{response.url}: {said} ({method})", status, permanent=400 <= status < 500)


def _json(response: Response) -> Any:
    try:
        return response.json()
    except HttpError as error:
        raise ForgeError(str(error), response.status, permanent=True) from None
