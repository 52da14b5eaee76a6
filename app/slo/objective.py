"""Objectives in one unit: a ratio of good events, 0..1. Tools write percents or ratios, and people mix them up.

Units by format: percent for Sloth, Pyrra and OpenSLO's `targetPercent`; ratio for OpenSLO's `target`, slo-generator and
Nobl9. Sources: their specifications; the SRE workbook, Implementing SLOs (100 % is the wrong target).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """`ratio` is 0..1, or −1 when it is no target; `code` and `message` say what is wrong, "" when nothing is."""

    ratio: float
    code: str = ""
    message: str = ""


def from_percent(value: object) -> Target:
    """A target written in percent, such as 99.9 or "99.9". Between 0 and 1 it is read as written, and reported."""
    number = number_of(value)
    if number is None:
        return _not_a_number(value)
    if number > 100 or number < 0:
        return Target(-1, "objective-out-of-range", f"the objective {number:g} is not a percentage from 0 to 100")
    if number == 100:
        return Target(1.0, "objective-no-budget", "an objective of 100 leaves no error budget")
    if 0 < number < 1:
        meant = round(number * 100, 9)
        message = f"the objective {number:g} reads as {number:g} percent; write {meant:g} if a ratio was meant"
        return Target(_exact(number / 100), "objective-unit", message)
    return _judged(number / 100)


def from_ratio(value: object) -> Target:
    """A target written as a ratio, such as 0.999."""
    number = number_of(value)
    if number is None:
        return _not_a_number(value)
    if 1 < number <= 100:
        message = f"the objective {number:g} is no ratio; write {round(number / 100, 9):g} if a percentage was meant"
        return Target(-1, "objective-unit", message)
    if number > 100 or number < 0:
        return Target(-1, "objective-out-of-range", f"the objective {number:g} is not a ratio from 0 to 1")
    return _judged(number)


def number_of(value: object) -> float | None:
    """A finite number, also when written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _judged(ratio: float) -> Target:
    if ratio >= 1:
        return Target(1.0, "objective-no-budget", "an objective of 1 leaves no error budget")
    if ratio <= 0:
        return Target(0.0, "objective-zero", "an objective of 0 asks for nothing")
    return Target(_exact(ratio))


def _exact(ratio: float) -> float:
    """Without the noise of dividing by 100, and never rounded up to a full 1 or down to 0."""
    rounded = round(ratio, 12)
    return rounded if 0 < rounded < 1 else ratio


def _not_a_number(value: object) -> Target:
    if value is None:
        return Target(-1, "objective-missing", "an objective needs a target")
    return Target(-1, "objective-not-a-number", f"the objective “{str(value)[:40]}” is not a number")
