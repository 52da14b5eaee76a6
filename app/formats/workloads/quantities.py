"""Kubernetes' quantities, and numbers that may be percentages. Source: apimachinery's resource.Quantity, intstr."""

from __future__ import annotations

import math
import re
from typing import Any

_QUANTITY = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)([EPTGMk]i?|m|Ki|e\d{1,2})?")
_FACTORS = {
    "": 1.0,
    "m": 0.001,
    "k": 1e3,
    **{letter: 1000.0**power for power, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)},
}


def quantity(text: Any) -> float | None:
    """A quantity as a number (cores, bytes), or None when it is none."""
    match = _QUANTITY.fullmatch(str(text).strip())
    if match is None:
        return None
    suffix = match[2] or ""
    factor = 10.0 ** int(suffix[1:]) if suffix.startswith("e") else _FACTORS.get(suffix)
    return None if factor is None else float(match[1]) * factor


def whole(value: Any) -> int | None:
    """A whole number, also one in quotes; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip()) else None


def share(value: Any, of: int, *, up: bool) -> int | None:
    """A count, or a percentage of `of` rounded up or down as Kubernetes does; None when it is neither."""
    if isinstance(value, str) and value.strip().endswith("%"):
        percent = whole(value.strip()[:-1])
        if percent is None:
            return None
        return math.ceil(percent * of / 100) if up else percent * of // 100
    return whole(value)
