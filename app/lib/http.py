"""Asking a URL, carefully: the only HTTP client of the project.

Time and size of the whole request are limited, redirects are few and checked again, addresses of private networks are
refused unless allowed (by what the name resolves to *and* by the peer connected to), and neither proxies nor
credentials are taken from the environment. Errors name scheme, host and path, never query, headers or credentials.
Callers retry.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import urllib3
from urllib3.exceptions import HTTPError

from app.errors import RoadworthyError
from app.lib import time_box
from app.lib.connections import Adapter, PrivateAddressError, PublicAdapter

_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "private-token"})


class HttpError(RoadworthyError):
    """A URL could not be got. `permanent`: asking again can't help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status. Header names are lower-case; `url` is the last one asked, without its query."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = ""

    def json(self) -> Any:
        """The body as JSON, in which there is no NaN. Raises HttpError (permanent)."""
        try:
            return json.loads(self.body, parse_constant=_no_number, parse_float=_finite)
        except (ValueError, RecursionError):
            raise HttpError(f"{self.url} did not answer with JSON", permanent=True) from None

    def retry_after(self, now: datetime) -> float | None:
        """Seconds to wait as the server asks (`Retry-After`, a number or a date), or None."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp())


@dataclass(frozen=True, slots=True)
class Http:
    """`timeout`: seconds for connecting and for each silence; `total`: seconds for one get, redirects included."""

    allow_private: bool = False
    timeout: float = 10.0
    total: float = 60.0
    max_size: int = 16 * 1024 * 1024
    max_redirects: int = 3
    ca_file: str = ""
    clock: Callable[[], float] = time.monotonic

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> Response:
        """One GET, redirects followed; any status is an answer. Raises HttpError."""
        deadline = self.clock() + self.total
        asked, sent = url, dict(headers or {})
        with self._session() as session:
            for _ in range(self.max_redirects + 1):
                response = self._ask(session, asked, sent, params, deadline)
                target = response.headers.get("location", "")
                if response.status not in _REDIRECTS or not target:
                    return response
                asked, sent, params = *_redirected(asked, target, sent), None
        raise HttpError(f"{_bare(url)} redirects more than {self.max_redirects} times", permanent=True)

    def send(self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
        """One request that may change something: asked once, no redirect followed. Raises HttpError."""
        with self._session() as session:
            return self._ask(session, url, dict(headers or {}), None, self.clock() + self.total, method, body)

    def get_json(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> Response:
        """As `get`, asking for JSON; `Response.json()` reads it."""
        return self.get(url, {"Accept": "application/json", **(headers or {})}, params)

    def post_json(self, url: str, body: object, headers: Mapping[str, str] | None = None) -> Response:
        """One POST of JSON, asking for JSON; any status is an answer, a redirect too. Raises HttpError."""
        sent = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        return self.send("POST", url, json.dumps(body, separators=(",", ":")).encode(), sent)

    def _ask(
        self,
        session: requests.Session,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        deadline: float,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Response:
        _check(url)
        bare = _bare(url)
        with time_box.within(deadline - self.clock()) as box:
            try:
                answer = self._answered(session, method, url, headers, params, body, deadline)
            except HttpError:
                if not box.is_over:
                    raise
        if box.is_over:  # what was read may be half of it
            raise self._late(bare)
        return answer

    def _answered(
        self,
        session: requests.Session,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        body: bytes | None,
        deadline: float,
    ) -> Response:
        bare = _bare(url)
        try:
            with session.request(
                method,
                url,
                data=body,
                headers=headers,
                params=params,
                timeout=self.timeout,
                stream=True,
                allow_redirects=False,
            ) as answer:
                content = self._read(answer.raw, bare, deadline)
                names = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status_code, names, content, bare)
        except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
            raise _told(bare, error) from None

    def _read(self, raw: urllib3.HTTPResponse, bare: str, deadline: float) -> bytes:
        parts, size = [], 0
        while chunk := raw.read1(_CHUNK, decode_content=True):
            parts.append(chunk)
            size += len(chunk)
            if size > self.max_size:
                raise HttpError(f"{bare} answers with more than {self.max_size} bytes", permanent=True)
            if self.clock() > deadline:
                raise self._late(bare)
        return b"".join(parts)

    def _late(self, bare: str) -> HttpError:
        return HttpError(f"{bare} took longer than {self.total:g} s")

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca_file or True
        adapter = Adapter() if self.allow_private else PublicAdapter()
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is too large")
    return number


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise HttpError("the URL is not valid", permanent=True) from None
    if parts.scheme not in ("http", "https") or not host:
        raise HttpError(f"{_bare(url)} is not an http or https URL", permanent=True)
    if parts.username is not None:
        raise HttpError(f"{_bare(url)} holds credentials: give them in the settings", permanent=True)


def _redirected(asked: str, target: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The next URL, and what may be sent there: credentials only to where they were meant for."""
    url = urljoin(asked, target)
    _check(url)
    before, after = urlsplit(asked), urlsplit(url)
    if before.scheme == "https" and after.scheme == "http":
        raise HttpError(f"{_bare(asked)} redirects from https to http", permanent=True)
    if (before.scheme, before.netloc.lower()) == (after.scheme, after.netloc.lower()):
        return url, dict(headers)
    return url, {name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}


def _bare(url: str) -> str:
    """Scheme, host and path: what may stand in a message."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return "the URL"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _told(bare: str, error: Exception) -> HttpError:
    """A sentence of our own: the library's texts repeat the whole URL."""
    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 8:
        chain.append(inner)
    if any(isinstance(one, PrivateAddressError) for one in chain):
        return HttpError(f"{bare} is in a private network, which is not allowed here", permanent=True)
    if isinstance(error, requests.exceptions.SSLError):
        return HttpError(f"{bare} has no certificate that is trusted here")
    if isinstance(error, requests.Timeout) or any(isinstance(one, TimeoutError) for one in chain):
        return HttpError(f"{bare} did not answer in time")
    if isinstance(error, ValueError):  # an unusable URL or header
        return HttpError(f"{bare} can't be asked for", permanent=True)
    return HttpError(f"{bare} can't be reached")
