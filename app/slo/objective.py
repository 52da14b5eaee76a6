"""Objectives in one unit: a ratio of good events, 0..1. Tools write percents or ratios, and people mix them up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """`ratio` is 0..1, or −1 when it is no target; `code` and `message` say what is wrong, "" when nothing is."""

    ratio: float
    code: str = ""
    message: str = ""


def from_percent(value: object, *, hundred_allowed: bool = False) -> Target:
    """A target written in percent, such as 99.9 (Sloth, Pyrra, OpenSLO's targetPercent)."""
    number = _number(value)
    if number is None:
        return Target(-1, "objective-not-a-number", f"the objective “{value}” is not a number")
    if number > 100 or number < 0:
        return Target(-1, "objective-out-of-range", f"the objective {number:g} is not a percentage from 0 to 100")
    if 0 < number < 1:
        message = f"the objective {number:g} reads as {number:g} percent; write {number * 100:g} if a ratio was meant"
        return Target(number / 100, "objective-unit", message)
    if number == 100 and not hundred_allowed:
        return Target(1.0, "objective-no-budget", "an objective of 100 leaves no error budget")
    return _judged(number / 100)


def from_ratio(value: object) -> Target:
    """A target written as a ratio, such as 0.999 (OpenSLO, slo-generator)."""
    number = _number(value)
    if number is None:
        return Target(-1, "objective-not-a-number", f"the objective “{value}” is not a number")
    if 1 < number <= 100:
        message = f"the objective {number:g} is no ratio; write {number / 100:g} if a percentage was meant"
        return Target(-1, "objective-unit", message)
    if number > 100 or number < 0:
        return Target(-1, "objective-out-of-range", f"the objective {number:g} is not a ratio from 0 to 1")
    return _judged(number)


def _judged(ratio: float) -> Target:
    ratio = round(ratio, 9)
    if ratio >= 1:
        return Target(1.0, "objective-no-budget", "an objective of 1 leaves no error budget")
    if ratio <= 0:
        return Target(0.0, "objective-zero", "an objective of 0 asks for nothing")
    return Target(ratio)


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value == value and abs(value) != float("inf") else None
    if isinstance(value, str):
        try:
            number = float(value.strip().removesuffix("%"))
        except ValueError:
            return None
        return number if number == number and abs(number) != float("inf") else None
    return None
