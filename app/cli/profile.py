"""Where a command's time went, in plain sums."""

from __future__ import annotations

import time


class Profile:
    """Marks the end of each part; wall-clock seconds."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._parts: list[tuple[str, float]] = []

    def mark(self, name: str) -> None:
        now = time.perf_counter()
        self._parts.append((name, now - self._last))
        self._last = now

    def text(self) -> str:
        total = sum(seconds for _, seconds in self._parts) or 1.0
        return "\n".join(f"{name:16} {seconds * 1000:8.1f} ms {seconds / total:4.0%}" for name, seconds in self._parts)
