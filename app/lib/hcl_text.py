"""HCL as text that can be edited in place: blocks and attributes with their offsets, one linear pass a block.

Nothing is evaluated. Source: HCL's native syntax specification (strings with interpolation, heredocs, comments).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.lib.splices import Splice, line_end, line_start
from app.lib.yaml_edits import Uneditable

_STATEMENT = re.compile(
    r"([A-Za-z_][\w-]*)([ \t]*)(?:(=)(?!=)[ \t]*|((?:[ \t]*(?:\"[^\"\n]*\"|[A-Za-z_][\w-]*))*)[ \t]*\{)"
)
_SKIPPED = re.compile(r"\s+|#[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)
_HEREDOC = re.compile(r"<<-?([A-Za-z_][\w.-]*)\n")
_PAIRS = {"{": "}", "[": "]", "(": ")"}
_BY_REFERENCE = re.compile(r"\b(var|local|module|data|each)\.")


@dataclass(frozen=True, slots=True)
class Block:
    """`start` to `end` is what stands between its braces. `indent`: spaces before its own first line."""

    name: str
    start: int
    end: int
    indent: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """`start` to `end` is its value; `sign` where its `=` stands."""

    name: str
    at: int
    sign: int
    start: int
    end: int


class HclText:
    """A Terraform file. Raises Uneditable where it can't be understood."""

    def __init__(self, text: str) -> None:
        self.text = text

    def block_at(self, line: int) -> Block:
        """The block whose first line this is."""
        at = 0
        for _ in range(line - 1):
            at = line_end(self.text, at)
        at += len(self.text[at : line_end(self.text, at)]) - len(self.text[at : line_end(self.text, at)].lstrip(" \t"))
        match = _STATEMENT.match(self.text, at)
        if match is None or match[3]:
            raise Uneditable("no block begins there", line)
        return self._block(match)

    def inside(self, block: Block) -> Iterator[Block | Attribute]:
        """The statements of a block, in order."""
        at = block.start
        while (at := self._after_space(at)) < block.end:
            match = _STATEMENT.match(self.text, at)
            if match is None:
                raise Uneditable("something stands there that is neither a block nor an attribute", self._line(at))
            if match[3]:
                end = self._value_end(match.end(), block.end)
                yield Attribute(match[1], at, match.start(3), match.end(), end)
                at = end
            else:
                found = self._block(match)
                yield found
                at = found.end + 1

    def put(self, block: Block, path: Sequence[str], name: str, value: str) -> list[Splice]:
        """Sets an attribute of the block, or of a nested one; `value` is an HCL expression."""
        inner = block
        for depth, step in enumerate(path):
            found = next((one for one in self.inside(inner) if isinstance(one, Block) and one.name == step), None)
            if found is None:
                lines = _nested(path[depth:], name, value, inner.indent + 2)
                return [self._at_end(inner, lines, gap=True)]
            inner = found
        known = [one for one in self.inside(inner) if isinstance(one, Attribute)]
        there = next((one for one in known if one.name == name), None)
        if there is None:
            return [self._new(inner, known, name, value)]
        written = self.text[there.start : there.end]
        if _BY_REFERENCE.search(written):
            raise Uneditable(f"{name} is set by {written.strip()}: change it there", self._line(there.at))
        return [] if written == value else [Splice(there.start, there.end, value)]

    def get(self, block: Block, *path: str) -> str:
        """An attribute's expression as written, "" where there is none."""
        inner = block
        for step in path[:-1]:
            found = next((one for one in self.inside(inner) if isinstance(one, Block) and one.name == step), None)
            if found is None:
                return ""
            inner = found
        there = [one for one in self.inside(inner) if isinstance(one, Attribute) and one.name == path[-1]]
        return self.text[there[0].start : there[0].end] if there else ""

    def _new(self, block: Block, known: Sequence[Attribute], name: str, value: str) -> Splice:
        """Aligned with the lines before it as `terraform fmt` would, or in a group of its own."""
        pad = " " * (block.indent + 2)
        last = max((one.end for one in self.inside(block)), default=-1)
        group = [one for one in known if one.end == last and "\n" not in self.text[one.at : one.end]]
        if group:
            width = group[0].sign - group[0].at
            if len(name) < width:
                return self._at_end(block, f"{pad}{name.ljust(width)}= {value}\n", gap=False)
            return self._at_end(block, f"{pad}{name} = {value}\n", gap=True)
        return self._at_end(block, f"{pad}{name} = {value}\n", gap=last >= 0)

    def _at_end(self, block: Block, lines: str, *, gap: bool) -> Splice:
        if not self.text[block.start : block.end].strip():
            return Splice(block.start, block.end, f"\n{lines}{' ' * block.indent}")
        start = line_start(self.text, block.end)
        if self.text[start : block.end].strip():
            raise Uneditable("the block stands on one line", self._line(block.start))
        blank = self.text[line_start(self.text, start - 1) : start].strip() == ""
        return Splice(start, start, ("" if blank or not gap else "\n") + lines)

    def _block(self, match: re.Match[str]) -> Block:
        begin = line_start(self.text, match.start())
        return Block(match[1], match.end(), self._closing(match.end(), "}"), match.start() - begin)

    def _closing(self, at: int, wanted: str) -> int:
        """Where the bracket that is open at `at` closes."""
        stack = [wanted]
        while at < len(self.text):
            if (skipped := _SKIPPED.match(self.text, at)) is not None:
                at = skipped.end()
                continue
            char = self.text[at]
            if char == '"':
                at = self._string_end(at)
                continue
            if (here := _HEREDOC.match(self.text, at)) is not None:
                at = self._heredoc_end(here)
                continue
            if char in _PAIRS:
                stack.append(_PAIRS[char])
            elif char in _PAIRS.values():
                if stack.pop() != char:
                    break
                if not stack:
                    return at
            at += 1
        raise Uneditable("a bracket never closes", self._line(min(at, len(self.text) - 1)))

    def _string_end(self, at: int) -> int:
        start, at = at, at + 1
        while at < len(self.text) and self.text[at] != "\n":
            if self.text[at] == "\\":
                at += 2
            elif self.text.startswith(("${", "%{"), at) and not self.text.startswith(("$${", "%%{"), at - 1):
                at = self._closing(at + 2, "}") + 1
            elif self.text[at] == '"':
                return at + 1
            else:
                at += 1
        raise Uneditable("a text never ends", self._line(start))

    def _heredoc_end(self, here: re.Match[str]) -> int:
        end = re.compile(rf"^[ \t]*{re.escape(here[1])}[ \t]*$", re.MULTILINE).search(self.text, here.end())
        if end is None:
            raise Uneditable("a heredoc never ends", self._line(here.start()))
        return end.end()

    def _value_end(self, at: int, most: int) -> int:
        """The end of an attribute's value, comments behind it left out."""
        end = at
        while at < most:
            char = self.text[at]
            if char == "\n" or self.text.startswith(("#", "//"), at):
                break
            if char == '"':
                at = end = self._string_end(at)
            elif char in _PAIRS:
                at = end = self._closing(at + 1, _PAIRS[char]) + 1
            elif (here := _HEREDOC.match(self.text, at)) is not None:
                return self._heredoc_end(here)
            else:
                at += 1
                end = at if char not in " \t" else end
        return end

    def _after_space(self, at: int) -> int:
        while (match := _SKIPPED.match(self.text, at)) is not None:
            at = match.end()
        return at

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1


def _nested(path: Sequence[str], name: str, value: str, indent: int) -> str:
    if not path:
        return f"{' ' * indent}{name} = {value}\n"
    pad = " " * indent
    return f"{pad}{path[0]} {{\n{_nested(path[1:], name, value, indent + 2)}{pad}}}\n"
