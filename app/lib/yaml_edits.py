"""Edits of YAML and JSON texts that change only the lines they must: comments, order, quotes and indentation stay.

Each function gives splices; whoever calls applies them. What can't be edited safely raises `Uneditable`: what stands
behind an anchor is shared, so editing it would change more than was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.errors import DocumentError
from app.lib import yaml_nodes, yaml_writing
from app.lib.splices import Splice, after_line, line_end, line_start
from app.lib.yaml_nodes import Node
from app.lib.yaml_writing import Style, style_of

Key = str | int


class Uneditable(Exception):
    """Why a place can't be edited by a machine; `line` from 1, `path` where whoever raises it knows it."""

    def __init__(self, why: str, line: int = 1, path: str = "") -> None:
        super().__init__(why)
        self.why, self.line, self.path = why, line, path


class YamlText:
    """A text with line feeds only, and its documents. Raises Uneditable."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.roots = yaml_nodes.parse(text)
        except DocumentError as error:
            raise Uneditable(f"it is no plain YAML ({error.message})", error.line) from None
        self._styles: dict[int, Style] = {}

    def document_at(self, line: int) -> Node:
        """The document that holds a line."""
        found = [root for root in self.roots if root.line <= line]
        if not self.roots or not (found or self.roots):
            raise Uneditable("it is empty", line)
        return (found or self.roots)[-1]

    def mapping_at(self, line: int) -> Node:
        """The outermost mapping that begins on a line."""
        for root in self.roots:
            for node in yaml_nodes.walk(root):
                if node.kind == "mapping" and node.line == line:
                    return node
        raise Uneditable("what stands there is written by something else (a template, a text inside of another)", line)

    def style(self, node: Node) -> Style:
        root = next((root for root in reversed(self.roots) if root.start <= node.start), None)
        known = self._styles.get(id(root))
        if known is None:
            known = self._styles[id(root)] = style_of(root)
        return known

    def put(self, root: Node, path: Sequence[str], value: Any, *, after: str = "") -> list[Splice]:
        """Sets what stands at a path of keys to a value, making what is missing on the way.

        A scalar takes the place of a scalar in its own quotes; a mapping is merged key by key; anything else that is
        there already is `Uneditable`. `after`: the key behind which a new entry goes, else the last one.
        """
        node = root
        for index, key in enumerate(path):
            self._own(node)
            if node.kind != "mapping":
                raise Uneditable("something else than a mapping stands where one is needed", node.line)
            child = node.get(key)
            if child is None or child.is_null:
                made = value
                for inner in reversed(path[index + 1 :]):
                    made = {inner: made}
                return self._new(node, key, child, made, after)
            node = child
        return self._over(node, value)

    def append(self, sequence: Node, value: Any) -> list[Splice]:
        """One more item at a list's end."""
        self._own(sequence)
        if sequence.kind != "sequence":
            raise Uneditable("something else than a list stands there", sequence.line)
        style = self.style(sequence)
        if sequence.flow:
            at = sequence.items[-1].end if sequence.items else sequence.start + 1
            text = yaml_writing.flow(value, as_json=style.json)
            return [Splice(at, at, f", {text}" if sequence.items else text)]
        lines = yaml_writing.item(value, sequence.column, style)
        return [after_line(self.text, sequence.items[-1].end, lines)]

    def remove(self, mapping: Node, key: str) -> list[Splice]:
        """Takes a whole entry away, its lines included."""
        pair = next(((name, value) for name, value in mapping.pairs if name.value == key), None)
        if pair is None:
            return []
        self._own(mapping)
        if mapping.flow or len(mapping.pairs) == 1:
            raise Uneditable(f"“{key}” can't be taken away by itself", mapping.line)
        name, value = pair
        start = line_start(self.text, name.start)
        if self.text[start : name.start].strip():
            raise Uneditable(f"“{key}” shares its line with something else", name.line)
        return [Splice(start, line_end(self.text, max(value.end, name.end)), "")]

    def replace(self, scalar: Node, value: Any) -> list[Splice]:
        """Another value for a scalar, in the quotes that it has."""
        self._own(scalar)
        if scalar.kind != "scalar" or scalar.quote in ("|", ">"):
            raise Uneditable("no single value stands there", scalar.line)
        return [Splice(scalar.start, scalar.end, yaml_writing.plain(value, scalar.quote))]

    def _own(self, node: Node) -> None:
        if node.kind == "alias" or node.anchor:
            raise Uneditable(f"an anchor (`{node.anchor or node.value}`) shares it with other places", node.line)

    def _over(self, node: Node, value: Any) -> list[Splice]:
        if isinstance(value, dict):
            return [one for key, inner in value.items() for one in self.put(node, [key], inner)]
        if isinstance(value, list):
            raise Uneditable("a list stands there already", node.line)
        if node.value == yaml_writing.plain(value).strip('"') and node.kind == "scalar":
            return []
        return self.replace(node, value)

    def _new(self, mapping: Node, key: str, null: Node | None, value: Any, after: str) -> list[Splice]:
        style = self.style(mapping)
        if mapping.flow:
            return self._new_in_flow(mapping, key, null, value, style)
        if null is not None:
            return self._in_place_of_null(mapping, key, null, value, style)
        previous = next((pair for pair in mapping.pairs if pair[0].value == after), mapping.pairs[-1])
        lines = yaml_writing.entry(key, value, mapping.column, style)
        return [after_line(self.text, max(previous[0].end, previous[1].end), lines)]

    def _in_place_of_null(self, mapping: Node, key: str, null: Node, value: Any, style: Style) -> list[Splice]:
        name = mapping.key(key)
        assert name is not None
        colon = self.text.index(":", name.end) + 1
        lines = yaml_writing.entry(key, value, mapping.column, style)
        head, _, below = lines.partition("\n")
        said = head[mapping.column + len(yaml_writing.plain(key)) + 1 :]
        gone = [Splice(colon, null.end, said)] if null.value else [Splice(colon, colon, said)] if said else []
        return [*gone, *([after_line(self.text, colon, below)] if below else [])]

    def _new_in_flow(self, mapping: Node, key: str, null: Node | None, value: Any, style: Style) -> list[Splice]:
        if null is not None:
            raise Uneditable(f"“{key}” is null inside of brackets", mapping.line)
        name = yaml_writing.flow(key, as_json=style.json)
        text = f"{name}: {yaml_writing.flow(value, as_json=style.json)}"
        if not mapping.pairs:
            return [Splice(mapping.start + 1, mapping.start + 1, text)]
        at = mapping.pairs[-1][1].end
        first = mapping.pairs[0][0]
        if first.line == mapping.line:
            return [Splice(at, at, f", {text}")]
        return [Splice(at, at, f",\n{' ' * first.column}{text}")]
