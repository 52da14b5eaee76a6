"""A template's document with its actions put back as marks, so that values can be filled in once they are known.

The neutralised text (`formats.templates`) says where YAML's values stand; the actions that stood on a value's line say
what it would be. Text between OPEN and CLOSE is such an action; DOT separates the pipelines of the `with` blocks around
it. A value under conditions is `{IF: [condition, …], THEN: value}`, with an ELSE where another branch writes it too.
Plain documents only gain a `line` in containers.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from app.formats.templates import TOKEN, Guard, Neutral
from app.lib.documents import Document, line_of

OPEN, CLOSE, DOT, NOT = "\ue000", "\ue001", "\ue002", "\ue003"
IF, THEN, ELSE = "\ue000if", "\ue000then", "\ue000else"
UNKNOWN = f"{OPEN}?{CLOSE}"
HIDDEN = f"{OPEN}hidden{CLOSE}"
"""Stands in a chart's values for what may be a secret."""
_INDENT = re.compile(r"\|\s*n?indent\s+(\d+)\s*$")
_CONTROL = re.compile(r"(if|else|end|range|with|define|block|break|continue)\b|\$\w*\s*:?=")
_LISTS = ("containers", "initContainers")
_REACH = 40
"""Lines below the last key of a document that may still fill it."""


def marked(document: Document) -> Any:
    """The document's value as plain JSON with marks."""
    line = _first_line(document.value) or document.line
    origin = document.origin
    if isinstance(origin, Neutral):
        return _Marker(_surroundings(origin)).value(document.value, line, sys.maxsize)
    return _plain(document.value)


def guards_of(document: Document) -> tuple[str, ...]:
    """The conditions around a whole document."""
    if not isinstance(document.origin, Neutral):
        return ()
    around = _surroundings(document.origin)
    return around.conditions(0, _first_line(document.value) or document.line)


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        made = [_plain(inner) for inner in value]
        for index, item in enumerate(made if name in _LISTS else ()):
            if isinstance(item, dict):
                item["line"] = line_of(value, index)
        return made
    return value


def _first_line(value: Any) -> int:
    return min((line for line, _ in getattr(value, "marks", {}).values()), default=0) if isinstance(value, dict) else 0


class _Surroundings:
    """Which branches stand around a line, and which holes between two: asked for every value of a template."""

    def __init__(self, neutral: Neutral) -> None:
        self.actions = neutral.actions
        self.holes = sorted(neutral.holes)
        edges = sorted({edge for guard in neutral.guards for edge in (guard.first, guard.first + 1, guard.last)})
        self._edges, self._chains = edges, _chains(edges, neutral.guards)

    def around(self, line: int) -> tuple[Guard, ...]:
        """Outermost first."""
        index = bisect_right(self._edges, line) - 1
        return self._chains[index] if index >= 0 else ()

    def conditions(self, outer: int, line: int) -> tuple[str, ...]:
        """Those of the branches around `line` that begin at `outer` or later."""
        return tuple(self._condition(guard) for guard in self.around(line) if guard.first >= outer)

    def _condition(self, guard: Guard) -> str:
        """The branches before it, each refused, then its own pipeline ("" for a plain `else`)."""
        own = "range" if guard.word == "range" else guard.pipeline
        return DOT.join((*self.dots(guard.first), NOT.join((*guard.earlier, own))))

    def dots(self, line: int) -> list[str]:
        """What `.` means on a line: the pipelines of the `with` blocks around it; a `range` is not followed."""
        inner = [guard for guard in self.around(line) if guard.word in ("with", "range")]
        return ["range" if guard.word == "range" else guard.pipeline or "?" for guard in inner]

    def holes_between(self, after: int, before: int) -> list[int]:
        return self.holes[bisect_right(self.holes, after) : bisect_left(self.holes, before)]

    def writing(self, line: int) -> list[str]:
        """The actions of a blanked line that write something."""
        return [body for body in self.actions.get(line, ()) if not _CONTROL.match(body)]


@lru_cache(maxsize=2)
def _surroundings(neutral: Neutral) -> _Surroundings:
    return _Surroundings(neutral)


def _chains(edges: list[int], guards: Iterable[Guard]) -> list[tuple[Guard, ...]]:
    """For each edge, the branches that hold from it up to the next edge."""
    waiting = sorted(guards, key=lambda guard: (guard.first, -guard.last), reverse=True)
    chain: tuple[Guard, ...] = ()
    chains = []
    for edge in edges:
        chain = tuple(guard for guard in chain if guard.last > edge)
        while waiting and waiting[-1].first < edge:
            guard = waiting.pop()
            if guard.last > edge and len(chain) < 32:
                chain = (*chain, guard)
        chains.append(chain)
    return chains


class _Marker:
    """Walks one document in order, handing each token the next action of its line."""

    def __init__(self, around: _Surroundings) -> None:
        self.around = around
        self.taken: dict[int, int] = {}

    def value(self, value: Any, line: int, end: int, name: str = "") -> Any:
        """A value whose key stands on `line`, before whatever begins on `end`."""
        if isinstance(value, str):
            return self._text(value, line) if TOKEN in value else value
        if isinstance(value, list):
            return [self._item(value, index, line, end, name) for index in range(len(value))]
        return self._mapping(value, line, end) if isinstance(value, dict) else value

    def _item(self, items: Any, index: int, outer: int, end: int, name: str) -> Any:
        line = line_of(items, index)
        made = self.value(items[index], line, line_of(items, index + 1) if index + 1 < len(items) else end)
        if name in _LISTS and isinstance(made, dict):
            made["line"] = line
        return self._under(made, outer, line)

    def _mapping(self, mapping: Any, outer: int, end: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        lines = sorted(mark[0] for mark in getattr(mapping, "marks", {}).values())
        for key, inner in mapping.items():
            at = line_of(mapping, key)
            name = self._text(key, at) if TOKEN in key else key
            below = bisect_right(lines, at)
            last = lines[below] if below < len(lines) else end
            hole = self._hole(at, min(last, at + _REACH)) if inner is None else ""
            made[name] = self._under(hole or self.value(inner, at, last, key), outer, at)
        for key, _ in getattr(mapping, "duplicates", ()):
            if isinstance(made.get(key), dict) and IF in made[key]:
                made[key][ELSE] = UNKNOWN  # the loader kept the last of its branches
        return {**made, **dict.fromkeys(self._spread(mapping, outer, lines, end), "")}

    def _text(self, text: str, line: int) -> str:
        first, *parts = text.split(TOKEN)
        made = [first]
        for part in parts:
            number = self.taken.get(line, 0)
            self.taken[line] = number + 1
            bodies = self.around.actions.get(line, ())
            made += [self._mark(bodies[number], line) if number < len(bodies) else UNKNOWN, part]
        return "".join(made)

    def _mark(self, body: str, line: int) -> str:
        return f"{OPEN}{DOT.join((*self.around.dots(line), body))}{CLOSE}"

    def _hole(self, line: int, before: int) -> str:
        """What fills a key that has no value of its own: the one action that writes on the lines below it."""
        found = [(body, at) for at in self.around.holes_between(line, before) for body in self.around.writing(at)]
        return self._mark(*found[0]) if len(found) == 1 else UNKNOWN if found else ""

    def _spread(self, mapping: Any, outer: int, lines: list[int], end: int) -> list[str]:
        """Actions before, between and after a mapping's keys that write further ones, told by how far they indent."""
        if not lines:
            return []
        column = getattr(mapping, "mark", (0, 0))[1]
        return [
            self._mark(body, hole)
            for hole in self.around.holes_between(outer - 1, min(end, lines[-1] + _REACH))
            for body in self.around.writing(hole)
            if (indent := _INDENT.search(body)) and int(indent[1]) + 1 == column
        ]

    def _under(self, value: Any, outer: int, line: int) -> Any:
        """The value, with the conditions that hold for its line and not for what it stands in."""
        conditions = self.around.conditions(outer, line)
        return {IF: list(conditions), THEN: value} if conditions else value
