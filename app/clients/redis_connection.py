"""A Redis that answers or fails within a bounded time: trying again is its caller's business."""

from __future__ import annotations

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str, seconds: float) -> Redis:
    """A client; nothing connects yet. `seconds` to connect, and to answer. Raises ValueError for a URL that is none."""
    return Redis.from_url(
        url,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        client_name="roadworthy",
    )
