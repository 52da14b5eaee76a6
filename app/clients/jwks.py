"""An issuer's public keys (RFC 7517), fetched rarely: cached, and asked for again when an unknown one is named.

Strangers name keys as they like, so a fetch happens at most once in `pause`, by one thread, whatever is asked; others
wait for it no longer than `patience` from its begin, lest a slow issuer hold every thread. Keys that were fetched once
outlive a failing issuer for `stale`: a restart of the portal must not sign everyone out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.errors import UncheckableError
from app.lib.http import Http, HttpError, Response

log = structlog.get_logger(__name__)
Key = Mapping[str, Any]
_MOST_KEYS = 100


def http_for_keys() -> Http:
    """Quick, small, no redirects. The address is the operator's own choice, so it may be a private one."""
    return Http(allow_private=True, timeout=5.0, total=5.0, max_size=256 * 1024, max_redirects=0)


@dataclass(slots=True)
class _Known:
    keys: Mapping[str, Key] = field(default_factory=dict)
    fetched_at: float | None = None
    tried_at: float | None = None


@dataclass
class Jwks:
    """`fresh`, `pause`, `patience`, `stale` in seconds; a fetch takes less than `pause`. Safe for threads."""

    http: Http
    url: str
    fresh: float = 600.0
    pause: float = 15.0
    patience: float = 1.0
    stale: float = 3600.0
    clock: Callable[[], float] = time.monotonic
    _known: _Known = field(default_factory=_Known)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def key(self, kid: str) -> Key | None:
        """The key with this id; None when the issuer publishes none. Raises UncheckableError."""
        found = self._known.keys.get(kid)
        if found is not None and self._age() < self.fresh:
            return found
        is_mine = self._turn.acquire(timeout=self._left() if found is None else 0)  # with a key at hand nobody waits
        if is_mine:
            try:
                self._fetch_if_due(kid)
            finally:
                self._turn.release()
        if self._age() >= self.stale or (found is None and not is_mine):
            raise UncheckableError("Who asks can't be checked now; try again in a moment.")
        return self._known.keys.get(kid)

    def _age(self) -> float:
        return float("inf") if self._known.fetched_at is None else self.clock() - self._known.fetched_at

    def _left(self) -> float:
        """Seconds to wait for another thread's fetch: it began with the last try, or begins now."""
        tried_at = self._known.tried_at
        since = float("inf") if tried_at is None else self.clock() - tried_at
        return self.patience if since >= self.pause else max(0.0, self.patience - since)

    def _fetch_if_due(self, kid: str) -> None:
        known, now = self._known, self.clock()
        if known.tried_at is not None and now - known.tried_at < self.pause:
            return
        if kid in known.keys and self._age() < self.fresh:  # another thread was here before
            return
        known.tried_at = now
        try:
            keys = _keys(self.http.get_json(self.url))
        except (HttpError, ValueError) as error:
            log.warning("jwks.failed", url=self.url, error=str(error))
            return
        self._known = _Known(keys, now, now)


def _keys(answer: Response) -> Mapping[str, Key]:
    """Key id → JWK. Raises ValueError when the answer is no key set; entries without an id are left out."""
    if answer.status != 200:
        raise ValueError(f"the answer is {answer.status}")
    body = answer.json()
    listed = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise ValueError("the answer is no JSON Web Key Set")
    usable = [key for key in listed[:_MOST_KEYS] if isinstance(key, dict) and isinstance(key.get("kid"), str)]
    return {key["kid"]: key for key in usable}
