"""Values with line marks, built from libyaml's events within limits. `documents` is the door to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from app.errors import DocumentError

Mark = tuple[int, int]
"""(line, column), both from 1."""

_INT = re.compile(r"[-+]?[0-9]+")
_OCT_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}
_STR_TAG = "tag:yaml.org,2002:str"
_PROBABLE_NUMBER = frozenset("0123456789+-.")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one text. `nodes` counts what the text expands to, aliases and merges included."""

    size: int = 5 * 1024 * 1024
    depth: int = 64
    nodes: int = 500_000
    aliases: int = 10_000
    documents: int = 5_000


DEFAULT_LIMITS = Limits()


class Mapping(dict[str, Any]):
    """A dict that knows where it begins (`mark`) and where each key stands (`marks`).

    `blocks` gives, for each key whose value is a literal block (`key: |`), the line its text begins on.
    """

    __slots__ = ("blocks", "duplicates", "mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: dict[str, Mark] = {}
        self.blocks: dict[str, int] = {}
        self.duplicates: list[tuple[str, Mark]] = []


class Sequence(list[Any]):
    """A list that knows where it begins (`mark`) and where each item stands (`marks`)."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: list[Mark] = []


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream: its value, or the `error` that made it unreadable. `line` is where it begins.

    `within` is the value this one was unwrapped from (the ConfigMap around a rule file); `holes` are lines whose text
    was taken out before reading (whole-line template actions): what stood there is unknown. `origin` is whatever the
    text was made from (a template), for a reader that looks further.
    """

    value: Any
    line: int
    error: DocumentError | None = None
    within: Any = None
    holes: frozenset[int] = frozenset()
    origin: Any = None


@dataclass(frozen=True, slots=True)
class Options:
    """How one text is to be built. `one_line`: all of it stands on its first line."""

    limits: Limits
    last_wins: bool
    one_line: bool


class Builder:
    """Builds values from events, iteratively, within limits."""

    def __init__(self, options: Options, offset: int) -> None:
        self.limits, self.last_wins, self.one_line = options.limits, options.last_wins, options.one_line
        self.most, self.offset = options.limits.nodes, offset
        self.documents: list[Document] = []
        self._reset(1)

    def _reset(self, line: int) -> None:
        self.line = line
        self.root: Any = None
        self.stack: list[tuple[Any, str | None, int]] = []
        """(container, anchor, node count before it)."""
        self.keys: list[str | None] = []
        self.key_marks: list[Mark] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = self.aliases = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is ScalarEvent:
            mark = self._mark(event)
            self.nodes += 1
            if self.nodes > self.most:
                self._count(0, mark)
            value = event.value if event.style else self._plain(event)
            if event.anchor:
                self.anchors[event.anchor] = (value, 1)
            if event.style == "|" and not self.one_line and self.keys and (key := self.keys[-1]) is not None:
                self.stack[-1][0].blocks[key] = mark[0] + 1
            self._add(value, event.value, mark)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            mark = self._mark(event)
            self._count(1, mark)
            if len(self.stack) >= self.limits.depth:
                raise DocumentError(f"is nested deeper than {self.limits.depth} levels", *mark, "yaml-limit-depth")
            container: Mapping | Sequence = Mapping(mark) if kind is MappingStartEvent else Sequence(mark)
            self.stack.append((container, event.anchor, self.nodes))
            self.keys.append(None)
            self.key_marks.append(mark)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            container, anchor, before = self.stack.pop()
            self.keys.pop()
            self.key_marks.pop()
            if anchor:
                self.anchors[anchor] = (container, self.nodes - before + 1)
            self._add(container, None, container.mark)
        elif kind is AliasEvent:
            self._alias(event)
        elif kind is DocumentStartEvent:
            if len(self.documents) >= self.limits.documents:
                raise DocumentError("holds too many documents", *self._mark(event), "yaml-limit-documents")
            self._reset(self._mark(event)[0])
        elif kind is DocumentEndEvent:
            self.documents.append(Document(self.root, self.line))
        else:
            assert kind in (StreamStartEvent, StreamEndEvent)

    def _alias(self, event: Any) -> None:
        mark = self._mark(event)
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            raise DocumentError("holds too many aliases", *mark, "yaml-limit-aliases")
        if event.anchor not in self.anchors:
            raise DocumentError(f"alias *{event.anchor} has no anchor before it", *mark, "yaml-alias")
        value, nodes = self.anchors[event.anchor]
        self._count(nodes, mark)
        self._add(value, value if isinstance(value, str) else None, mark)

    def _count(self, nodes: int, mark: Mark) -> None:
        self.nodes += nodes
        if self.nodes > self.most:
            raise DocumentError(f"expands to more than {self.limits.nodes} values", *mark, "yaml-limit-nodes")

    def _mark(self, event: Any) -> Mark:
        if self.one_line:
            return self.offset + 1, 1
        start = event.start_mark  # makes an object each time it is asked for
        return start.line + 1 + self.offset, start.column + 1

    def _add(self, value: Any, text: str | None, mark: Mark) -> None:
        if not self.stack:
            self.root = value
            return
        container = self.stack[-1][0]
        if isinstance(container, Sequence):
            container.append(value)
            container.marks.append(mark)
            return
        key = self.keys[-1]
        if key is None:
            if text is None and not isinstance(value, str | int | float):
                raise DocumentError("a key must be plain text", *mark, "yaml-key")
            self.keys[-1] = text if text is not None else str(value)
            self.key_marks[-1] = mark
            return
        self.keys[-1] = None
        if key == "<<":
            self._merge(container, value, mark)
            return
        key_mark = self.key_marks[-1]
        if key in container and key in container.marks:
            if not self.last_wins:
                first = container.marks[key][0]
                raise DocumentError(f"key “{key}” is already set on line {first}", *key_mark, "yaml-duplicate-key")
            container.duplicates.append((key, key_mark))
        container[key] = value
        container.marks[key] = key_mark

    def _merge(self, container: Mapping, value: Any, mark: Mark) -> None:
        """YAML 1.1's `<<`, as rule files use it: what the mapping says itself wins, then the first merged one."""
        sources = value if isinstance(value, Sequence) else [value]
        for source in sources:
            if not isinstance(source, Mapping):
                raise DocumentError("`<<` needs a mapping or a list of mappings", *mark, "yaml-merge")
            self._count(len(source), mark)
            for key, merged in source.items():
                container.setdefault(key, merged)

    def _plain(self, event: Any) -> Any:
        text: str = event.value
        if event.tag == _STR_TAG or not (event.implicit[0] or event.tag):
            return text
        return scalar(text)


def scalar(text: str) -> Any:
    """What a plain scalar means under the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _PROBABLE_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text) if len(text) < 40 else text
    if _OCT_HEX.fullmatch(text):
        return int(text, 0) if len(text) < 40 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
