"""A rate is kept exactly, whatever the order and the pauses; the counter stays small."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.lib.rate import MemoryLimiter, Rate

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TEN = Rate(10)


def taken(limiter: MemoryLimiter, moments: list[float], rate: Rate = TEN, key: str = "ada") -> list[float]:
    return [at for at in moments if limiter.take(key, rate, NOW + timedelta(seconds=at)) == 0.0]


def test_all_of_a_rate_may_come_at_once_and_then_one_by_one() -> None:
    limiter = MemoryLimiter()
    assert len(taken(limiter, [0.0] * 30)) == 10
    assert limiter.take("ada", TEN, NOW) == 6.0
    assert len(taken(limiter, [6.0] * 5)) == 1
    assert len(taken(limiter, [66.0] * 30)) == 10


def test_each_key_has_its_own_allowance() -> None:
    limiter = MemoryLimiter()
    assert len(taken(limiter, [0.0] * 30)) == len(taken(limiter, [0.0] * 30, key="grace")) == 10


def test_no_limit_is_none() -> None:
    assert len(taken(MemoryLimiter(), [0.0] * 1000, Rate(0))) == 1000


@given(st.lists(st.floats(0, 300), max_size=150))
def test_no_minute_ever_holds_more_than_twice_the_rate_nor_a_patient_caller_waits(moments: list[float]) -> None:
    """GCRA lets a burst of the whole rate through and refills meanwhile: at most twice the rate in any one period."""
    found = taken(MemoryLimiter(), sorted(moments))
    assert all(sum(1 for other in found if at <= other < at + 60) <= 20 for at in found)
    limiter = MemoryLimiter()
    assert len(taken(limiter, [step * 6.0 for step in range(40)])) == 40


def test_the_counter_forgets_who_has_been_quiet_first() -> None:
    limiter = MemoryLimiter(most_keys=100)
    assert len(taken(limiter, [0.0] * 10, key="busy")) == 10
    for number in range(1000):
        limiter.take(f"stranger {number}", TEN, NOW)
    assert limiter.take("busy", TEN, NOW) > 0
    assert len(limiter._free_at) <= 100
