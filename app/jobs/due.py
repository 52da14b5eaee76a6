"""When a repository is next due. Pure: the clock and the dice are arguments.

Full jitter on back-off (AWS Architecture Blog, "Exponential Backoff And Jitter"), bounded below so that a retry never
comes at once. After `PARK_AFTER` failures in a row over `PARK_LASTING` a repository is parked: tried once a day, its
reason shown. Pushes ask for a try at once, so many failures may be a minute's outage: nobody waits longer for the next
try than it has failed by now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=1)
PARK_AFTER = 10
PARK_LASTING = timedelta(hours=1)
PARKED_RETRY = timedelta(days=1)
JITTER = 0.1
"""Share of an interval by which a poll moves to either side, so that repositories found together drift apart."""


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again; `parked_reason` is not empty when that is the daily try of a parked repository."""

    due_at: datetime
    parked_reason: str = ""


def next_poll(now: datetime, interval: timedelta, rng: Random) -> datetime:
    """When to look again after a success: the interval, give or take a tenth."""
    return now + interval * rng.uniform(1 - JITTER, 1 + JITTER)


def next_retry(
    now: datetime,
    failures: int,
    error: str,
    rng: Random,
    *,
    permanent: bool = False,
    good_at: datetime | None = None,
) -> Retry:
    """When to try again after the `failures`-th failure in a row (from 1). `good_at`: the last success; None for none.

    A permanent error (gone, forbidden) is parked at once: trying sooner can't help, a push still can.
    """
    lasting = PARK_LASTING if good_at is None else max(now - good_at, FIRST_RETRY)
    if permanent or (failures >= PARK_AFTER and lasting >= PARK_LASTING):
        times = "1 try" if failures == 1 else f"{failures} tries"
        return Retry(next_poll(now, PARKED_RETRY, rng), f"parked after {times}, tried again daily: {error}")
    doublings = min(failures - 1, 30)
    longest = min(LONGEST_RETRY, FIRST_RETRY * 2**doublings, lasting)
    return Retry(now + longest * rng.uniform(0.5, 1.0))
