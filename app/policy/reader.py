"""Reading one mapping of a policy document: each key typed, each mistake told with its place and a suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.lib import documents, times
from app.policy.written import PolicyProblem


class Reader:
    """One mapping being read. All readers of one load share `problems`, so that everything wrong is told at once."""

    def __init__(
        self, path: str, node: Any, what: str, problems: list[PolicyProblem], lines: Sequence[str] = ()
    ) -> None:
        """`lines`: the file's own text, where places inside a text of it are to be told."""
        self.path, self.what, self.problems, self.lines = path, what, problems, lines
        self.node: Mapping[str, Any] = node if isinstance(node, dict) else {}
        self._asked: set[str] = set()
        self._raw = node
        if not isinstance(node, dict):
            self.refuse(f"{what} must be a mapping")

    def refuse(self, message: str, key: str | None = None) -> None:
        line, column = self.mark(key)
        self.problems.append(PolicyProblem(self.path, line, column, message))

    def mark(self, key: str | None = None) -> tuple[int, int]:
        if isinstance(self._raw, documents.Mapping) and key in self._raw.marks:
            return self._raw.marks[str(key)]
        mark: tuple[int, int] = getattr(self._raw, "mark", (1, 1))
        return mark

    def item_mark(self, key: str, item: str) -> tuple[int, int]:
        """Where one item of a list of texts stands; of a single text, where its key does."""
        items = self.node.get(key)
        if isinstance(items, documents.Sequence) and item in items:
            return items.marks[items.index(item)]
        return self.mark(key)

    def _take(self, key: str, needed: bool) -> Any:
        self._asked.add(key)
        if key not in self.node or self.node[key] is None:
            if needed:
                self.refuse(f"{self.what} needs `{key}`")
            return None
        return self.node[key]

    def text(self, key: str, *, needed: bool = False, default: str = "") -> str:
        value = self._take(key, needed)
        if value is None:
            return default
        if isinstance(value, str) and (value.strip() or not needed):
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self.refuse(f"`{key}` must be a text", key)
        return default

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """A text or a list of texts."""
        value = self._take(key, needed)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in items):
            self.refuse(f"`{key}` must be a text or a list of texts", key)
            return ()
        return tuple(items)

    def number(self, key: str, default: float, least: float, most: float) -> float:
        value = self._take(key, False)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.refuse(f"`{key}` must be a number from {least:g} to {most:g}", key)
            return default
        return value

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value = self.number(key, default, least, most)
        if value != int(value):
            self.refuse(f"`{key}` must be a whole number", key)
            return default
        return int(value)

    def flag(self, key: str) -> bool:
        value = self._take(key, False)
        if value is not None and not isinstance(value, bool):
            self.refuse(f"`{key}` must be true or false", key)
        return value is True

    def duration(self, key: str, *, needed: bool = False) -> timedelta:
        text = self.text(key, needed=needed)
        try:
            return times.parse_duration(text) if text else timedelta(0)
        except ValueError as error:
            self.refuse(f"`{key}`: {error}", key)
            return timedelta(0)

    def instant(self, key: str, *, needed: bool = False) -> datetime | None:
        text = self.text(key, needed=needed)
        if not text:
            return None
        try:
            return times.parse_instant(text).astimezone(UTC)
        except ValueError:
            self.refuse(f"`{key}` must be a date such as 2027-01-31", key)
            return None

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._take(key, False)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.refuse(f"`{key}` must be a mapping", key)
            return {}
        return value

    def readers(self, key: str, what: str, *, needed: bool = False) -> list[Reader]:
        """A list of mappings."""
        value = self._take(key, needed)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(f"`{key}` must be a list", key)
            return []
        return [Reader(self.path, item, what, self.problems, self.lines) for item in value]

    def raw(self, key: str) -> Any:
        return self._take(key, False)

    def finish(self) -> None:
        """Refuses every key that nobody asked for."""
        for key in self.node:
            if key not in self._asked:
                self.refuse(f"`{key}` is not known in {self.what}{suggestion(key, self._asked)}", key)


def suggestion(word: str, known: Iterable[str]) -> str:
    """A name that is meant instead: one of the same letters first, then the closest."""
    names = sorted(known)
    letters = [name for name in names if sorted(name) == sorted(word)]
    close = letters or difflib.get_close_matches(word, names, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else ""
