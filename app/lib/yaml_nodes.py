"""YAML as text that can be edited in place: every node with the offsets at which it begins and ends.

Built on libyaml's events, like `documents`, and as careful: iterative, within limits, aliases never followed. For
editing only: values are the scalars' own text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from app.errors import DocumentError

MAX_SIZE, MAX_DEPTH, MAX_NODES = 1024 * 1024, 64, 200_000


@dataclass(slots=True)
class Node:
    """`kind`: mapping, sequence, scalar or alias. `start` to `end` is its text, without comments behind it.

    `line` is counted from 1, `column` from 0. `flow`: written in brackets. `quote`: a scalar's style, one of ' " | >.
    `pairs` are a mapping's entries, `items` a sequence's.
    """

    kind: str
    start: int
    end: int
    line: int
    column: int
    value: str = ""
    quote: str = ""
    anchor: str = ""
    flow: bool = False
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of a mapping's entry."""
        return next((value for name, value in self.pairs if name.value == key and name.kind == "scalar"), None)

    def key(self, key: str) -> Node | None:
        return next((name for name, _ in self.pairs if name.value == key and name.kind == "scalar"), None)

    def at(self, *path: str | int) -> Node | None:
        """What stands at a path of keys and indexes."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            node = node.get(step) if isinstance(step, str) else node.items[step] if step < len(node.items) else None
        return node

    @property
    def is_null(self) -> bool:
        return self.kind == "scalar" and not self.quote and self.value in ("", "~", "null", "Null", "NULL")

    def inside(self) -> list[Node]:
        """Its direct children."""
        return [one for pair in self.pairs for one in pair] + self.items


def parse(text: str) -> list[Node]:
    """The root of each document. Raises DocumentError for what is no YAML, or beyond the limits."""
    if len(text) > MAX_SIZE:
        raise DocumentError(f"is larger than {MAX_SIZE} characters", code="yaml-limit-size")
    building = _Building(text)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            building.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(str(error.problem or "is not YAML"), mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise DocumentError(str(error).splitlines()[0]) from None
    return building.roots


def walk(root: Node) -> list[Node]:
    """The node and all below it, in the order of the text."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        found.append(node)
        stack += reversed(node.inside())
    return found


class _Building:
    def __init__(self, text: str) -> None:
        self.text = text
        self.roots: list[Node] = []
        self.stack: list[Node] = []
        self.keys: list[Node | None] = []
        self.count = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind in (MappingStartEvent, SequenceStartEvent):
            self._open(event, "mapping" if kind is MappingStartEvent else "sequence")
        elif kind in (MappingEndEvent, SequenceEndEvent):
            self._close(event)
        elif kind is ScalarEvent:
            self._add(self._scalar(event))
        elif kind is AliasEvent:
            node = self._node(event, "alias")
            node.value = event.anchor
            self._add(node)
        elif kind is DocumentStartEvent or kind is DocumentEndEvent:
            self.stack, self.keys = [], []

    def _node(self, event: Any, kind: str) -> Node:
        self.count += 1
        start = event.start_mark
        if self.count > MAX_NODES or len(self.stack) > MAX_DEPTH:
            raise DocumentError("is too large or nested too deep to edit", start.line + 1, code="yaml-limit-nodes")
        return Node(kind, start.index, event.end_mark.index, start.line + 1, start.column)

    def _open(self, event: Any, kind: str) -> None:
        node = self._node(event, kind)
        node.flow, node.anchor = bool(event.flow_style), event.anchor or ""
        self.stack.append(node)
        self.keys.append(None)

    def _close(self, event: Any) -> None:
        node = self.stack.pop()
        self.keys.pop()
        children = node.inside()
        if node.flow or not children:
            node.end = event.end_mark.index
        else:
            node.end = children[-1].end
            first = children[0]
            if node.kind == "mapping":  # an anchor or a tag before it is not where its keys stand
                node.start, node.line, node.column = first.start, first.line, first.column
        self._add(node)

    def _scalar(self, event: Any) -> Node:
        node = self._node(event, "scalar")
        node.value, node.quote, node.anchor = event.value, event.style or "", event.anchor or ""
        if node.quote in ("|", ">"):
            node.end = node.start + len(self.text[node.start : node.end].rstrip())
        return node

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.roots.append(node)
            return
        around = self.stack[-1]
        if around.kind == "sequence":
            around.items.append(node)
            return
        key = self.keys[-1]
        if key is None:
            self.keys[-1] = node
            return
        self.keys[-1] = None
        around.pairs.append((key, node))
