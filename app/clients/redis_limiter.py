"""Rates counted once for all processes, in Redis. Where Redis is away, each process counts for itself meanwhile.

The same algorithm as `lib.rate.MemoryLimiter`, in one atomic script. Of a high rate a process takes a few at once and
spends them without asking again: a question for each read would cost more than the read.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from app.clients.redis_connection import connect
from app.lib.rate import MemoryLimiter, Rate

log = structlog.get_logger(__name__)
_ANSWER_SECONDS = 0.25
_LOTS = 20
"""Into so many lots a rate is divided: what one process may have taken and not spent is a twentieth of it."""
_SPEND_SECONDS = 5.0
_AWAY_SECONDS = 2.0
_MOST_KEYS = 20_000
_TAKE = """
local now, step, whole, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used < now or used > now + whole + 0.000001 then used = now end
local wait = used + step - whole - now
if wait > 0.000001 then return {0, string.format('%.6f', wait)} end
local taken = math.max(1, math.min(want, math.floor((now + whole - used) / step + 0.000001)))
local free_at = used + taken * step
redis.call('SET', KEYS[1], string.format('%.6f', free_at), 'PX', math.ceil((free_at - now) * 1000) + 1000)
return {taken, '0'}
"""


@dataclass(slots=True)
class _Lot:
    left: int
    until: float


class RedisLimiter:
    """Safe for threads."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._clock = connect(url, _ANSWER_SECONDS), clock
        self._script = self._redis.register_script(_TAKE)
        self._alone, self._lock = MemoryLimiter(), threading.Lock()
        self._lots: OrderedDict[str, _Lot] = OrderedDict()
        self._away_until = 0.0

    def take(self, key: str, rate: Rate, now: datetime) -> float:
        """As `lib.rate.Limiter` says."""
        if rate.count <= 0 or self._spend(key):
            return 0.0
        if self._clock() < self._away_until:
            return self._alone.take(key, rate, now)
        try:
            return self._ask(key, rate, now)
        except (RedisError, OSError) as error:
            self._away_until = self._clock() + _AWAY_SECONDS
            log.warning("limits.away", error=type(error).__name__)
            return self._alone.take(key, rate, now)

    def close(self) -> None:
        self._redis.close()

    def _spend(self, key: str) -> bool:
        with self._lock:
            lot = self._lots.get(key)
            if lot is None or lot.left <= 0 or lot.until < self._clock():
                return False
            lot.left -= 1
            return True

    def _ask(self, key: str, rate: Rate, now: datetime) -> float:
        whole = rate.per.total_seconds()
        arguments: list[str | float] = [
            f"{now.timestamp():.6f}",
            whole / rate.count,
            whole,
            max(1, rate.count // _LOTS),
        ]
        taken, wait = self._script(keys=[f"roadworthy:rate:{key}"], args=arguments)
        if not taken:
            return float(wait)
        with self._lock:
            self._lots[key] = _Lot(int(taken) - 1, self._clock() + _SPEND_SECONDS)
            self._lots.move_to_end(key)
            if len(self._lots) > _MOST_KEYS:
                self._lots.popitem(last=False)
        return 0.0
