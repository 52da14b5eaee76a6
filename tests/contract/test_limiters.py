"""What every counter of rates promises: in memory, and in a real Redis for several processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import servers

from app.clients.redis_limiter import RedisLimiter
from app.lib.rate import Limiter, MemoryLimiter, Rate

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEN = Rate(10)


@pytest.fixture(params=["memory", "redis"])
def limiter(request: pytest.FixtureRequest) -> Iterator[Limiter]:
    if request.param == "memory":
        yield MemoryLimiter()
        return
    made = RedisLimiter(request.getfixturevalue("redis_url"))
    yield made
    made.close()


def taken(limiter: Limiter, moments: list[float], rate: Rate = TEN, key: str = "ada") -> int:
    return sum(limiter.take(key, rate, NOW + timedelta(seconds=at)) == 0.0 for at in moments)


def test_all_of_a_rate_may_come_at_once_and_then_one_by_one(limiter: Limiter) -> None:
    assert taken(limiter, [0.0] * 30) == 10
    assert limiter.take("ada", TEN, NOW) == pytest.approx(6.0)
    assert taken(limiter, [6.0] * 5) == 1
    assert taken(limiter, [66.0] * 30) == 10


def test_each_key_has_its_own_allowance(limiter: Limiter) -> None:
    assert taken(limiter, [0.0] * 30) == taken(limiter, [0.0] * 30, key="grace") == 10


def test_no_limit_is_none(limiter: Limiter) -> None:
    assert taken(limiter, [0.0] * 100, Rate(0)) == 100


def test_a_clock_that_stepped_back_locks_nobody_out_for_long(limiter: Limiter) -> None:
    assert taken(limiter, [7200.0] * 10) == 10

    assert taken(limiter, [0.0] * 30) == 10


def test_processes_share_one_allowance(redis_url: str) -> None:
    several = [RedisLimiter(redis_url) for _ in range(4)]

    assert sum(taken(one, [0.0] * 10) for one in several) == 10
    for one in several:
        one.close()


def test_of_a_high_rate_several_are_taken_at_once_and_no_more_than_it_allows(redis_url: str) -> None:
    asked = 0
    limiter, other = RedisLimiter(redis_url), RedisLimiter(redis_url)
    script = limiter._script

    def counting(**given: object) -> object:
        nonlocal asked
        asked += 1
        return script(**given)

    limiter._script = counting  # type: ignore[assignment]
    rate = Rate(1000)

    assert taken(limiter, [0.0] * 1500, rate) == 1000
    assert asked < 600  # twenty lots, and one question for each that was refused
    assert taken(other, [0.0] * 10, rate) == 0
    limiter.close()
    other.close()


def test_without_redis_each_process_counts_for_itself_and_nobody_waits() -> None:
    limiter = RedisLimiter(f"redis://127.0.0.1:{servers.free_port()}")
    began = time.monotonic()

    assert taken(limiter, [0.0] * 30) == 10
    assert time.monotonic() - began < 5
    limiter.close()
