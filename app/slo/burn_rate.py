"""Burn rates: how fast an error budget is spent, and whether an alert's threshold fits the objective it guards.

A burn rate (factor) of 1 spends the whole budget in exactly one compliance period; an alert that fires at factor `f`
over a long window `w` of a period `p` has seen `f · w / p` of the budget go. Called by whoever reads alert policies or
burn-rate rules. Ratios are 0..1, durations are `timedelta`.

Sources: Google SRE workbook, Alerting on SLOs (2 % in 1 h, 5 % in 6 h, 10 % in 1 d and 3 d); Pyrra, slo/rules.go
(14, 7, 2 and 1 over windows that scale with the period).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

FAST = timedelta(hours=6)
"""The longest long window of an alert that pages."""
PERIOD = timedelta(days=30)
TOLERANCE = 0.25


@dataclass(frozen=True, slots=True)
class Pair:
    """One multiwindow alert of a table: spends `budget_ratio` of the budget in `long` before it fires."""

    long: timedelta
    short: timedelta
    budget_ratio: float


WORKBOOK = (
    Pair(timedelta(hours=1), timedelta(minutes=5), 0.02),
    Pair(timedelta(hours=6), timedelta(minutes=30), 0.05),
    Pair(timedelta(days=1), timedelta(hours=2), 0.10),
    Pair(timedelta(days=3), timedelta(hours=6), 0.10),
)
"""14.4, 6, 3 and 1 for 30 days. The workbook's table lacks the third row; its sample and the tools have it."""

PYRRA = ((28 * 24, 14.0), (28 * 4, 7.0), (28, 2.0), (7, 1.0))
"""(part of the period that the long window is, factor): 1 h, 6 h, 1 d and 4 d of 28 days."""

_LEAST_BURN_RATE = 0.5
"""Nobody alerts on a budget that lasts two periods: a smaller bare number is an error ratio, not a burn rate."""


def factor(budget_ratio: float, long: timedelta, period: timedelta = PERIOD) -> float:
    """The burn rate that spends `budget_ratio` of the budget within `long`. Raises ValueError unless `long` > 0."""
    if long <= timedelta(0):
        raise ValueError("a long window must be longer than zero")
    return budget_ratio * (period / long)


def budget_spent(burn_rate: float, long: timedelta, period: timedelta = PERIOD) -> float:
    """The share of the budget gone when `burn_rate` has lasted for `long`. Raises ValueError unless `period` > 0."""
    if period <= timedelta(0):
        raise ValueError("a period must be longer than zero")
    return burn_rate * (long / period)


def speed(long: timedelta) -> Literal["fast", "slow"]:
    """What an alert over this long window is for: `fast` pages someone, `slow` opens a ticket."""
    return "fast" if long <= FAST else "slow"


def burn_rate_of(threshold: float, ratio: float, operator: str) -> float | None:
    """The burn rate at which `error ratio > threshold` fires, or `success ratio < threshold` (apdex).

    `ratio` is the objective; None when it leaves no budget.
    """
    if not 0 < ratio < 1:
        return None
    errors = 1 - threshold if operator.startswith("<") else threshold
    return errors / (1 - ratio)


def expected(long: timedelta, period: timedelta = PERIOD) -> tuple[float, ...]:
    """The burn rates that the known tables have for a long window; none when they don't know it."""
    known = [factor(pair.budget_ratio, long, period) for pair in WORKBOOK if pair.long == long]
    for part, rate in PYRRA:
        if abs(long - period / part) <= timedelta(minutes=1):  # Pyrra rounds to the minute
            known.append(rate)
    return tuple(known)


def plausible(
    threshold: float,
    ratio: float,
    operator: str,
    long: timedelta,
    period: timedelta = PERIOD,
    tolerance: float = TOLERANCE,
) -> bool:
    """Whether a threshold is meant for this objective, as an error ratio or as a burn rate recorded beforehand.

    For a long window of the tables, within `tolerance` of what they say; for another, the budget spent must lie
    between the workbook's least and most. An objective without a budget fits nothing.
    """
    if threshold <= 0 or long <= timedelta(0) or period <= timedelta(0) or not 0 < ratio < 1:
        return False
    rates = [burn_rate_of(threshold, ratio, operator)]
    if not operator.startswith("<") and threshold >= _LEAST_BURN_RATE:
        rates.append(threshold)
    return any(rate is not None and _fits(rate, long, period, tolerance) for rate in rates)


def _fits(rate: float, long: timedelta, period: timedelta, tolerance: float) -> bool:
    if rate <= 0:
        return False
    if known := expected(long, period):
        return any(abs(rate - known_rate) <= tolerance * known_rate for known_rate in known)
    shares = [pair.budget_ratio for pair in WORKBOOK]
    return min(shares) * (1 - tolerance) <= budget_spent(rate, long, period) <= max(shares) * (1 + tolerance)
