"""Edits of a text by offsets: what is not named stays as it is, to the byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """`text` in place of what stands from `start` to `end` (offsets in characters)."""

    start: int
    end: int
    text: str


def splice(text: str, splices: Iterable[Splice]) -> str:
    """The text with all of them applied. Those at one place keep their order. Raises ValueError where two overlap."""
    parts: list[str] = []
    done = 0
    for one in sorted(splices, key=lambda one: (one.start, one.end)):
        if one.start < done:
            raise ValueError(f"two edits overlap at offset {one.start}")
        parts += (text[done : one.start], one.text)
        done = one.end
    return "".join((*parts, text[done:]))


def line_end(text: str, at: int) -> int:
    """The offset after the line that `at` stands on, its line break included; the text's end on the last line."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def after_line(text: str, at: int, lines: str) -> Splice:
    """Whole lines (each ending in a line break) behind the line that `at` stands on.

    Where the text ends without a line break, one comes before them, and again none at the end.
    """
    end = line_end(text, at)
    if end == len(text) and text and not text.endswith("\n"):
        return Splice(end, end, "\n" + lines.removesuffix("\n"))
    return Splice(end, end, lines)
