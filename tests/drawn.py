"""How often a property is tried that needs more, or fewer, examples than others."""

from __future__ import annotations

from hypothesis import settings


def often(examples: int) -> settings:
    """`examples` where others are tried a hundred times, and as many times more when all are (`make fuzz`)."""
    return settings(max_examples=max(1, examples * settings.default.max_examples // 100))
