"""HCL cut into its top-level blocks by one linear pass, before any of it is parsed.

A parser for HCL in Python is slow, and a stranger's file may be large: so only blocks that matter reach it, each within
bounds, and a mistake in one costs nothing to the others. Source: HCL's native syntax specification (strings with
nested interpolation, heredocs, three kinds of comments).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEAD = re.compile(
    r'[ \t]*(?P<type>[A-Za-z_][\w-]*)(?P<labels>(?:[ \t]+(?:"[^"\n\\$%]*"|[A-Za-z_][\w-]*))*)[ \t]*\{', re.ASCII
)
_LABEL = re.compile(r'"([^"]*)"|([A-Za-z_][\w-]*)', re.ASCII)
_CODE = re.compile(r'["{}]|#|//|/\*|<<-?(?P<here>[A-Za-z][\w.-]*)\r?\n|\n', re.ASCII)
_TEXT = re.compile(r'\\.|\$\$\{|%%\{|\$\{|%\{|"|\n', re.DOTALL)
MOST_NESTED = 60
MOST_BLOCKS = 5_000


@dataclass(frozen=True, slots=True)
class Cut:
    """One block of the top level, or (`kind` "") what can't be cut. `text` begins on `line`."""

    kind: str
    labels: tuple[str, ...]
    line: int
    text: str


class _Unclosed(Exception):
    """A block, string or comment that never ends."""


def cut(text: str) -> Iterator[Cut]:
    """Every top-level block, in order. Ends at the first thing that never closes, which is given with no kind."""
    position, line, count = 0, 1, 0
    while position < len(text) and count < MOST_BLOCKS:
        start = position
        head = _HEAD.match(text, position)
        try:
            if head is None:
                position = _line_end(text, position)
            else:
                position = _block_end(text, head.end())
                labels = tuple(one[1] or one[2] for one in _LABEL.finditer(head["labels"]))
                count += 1
                yield Cut(head["type"], labels, line, text[start:position])
                position = _line_end(text, position)
        except _Unclosed:
            yield Cut("", (), line, "")
            return
        line += text.count("\n", start, position)


def attributes(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every attribute of a file without blocks (a tfvars file), strings and brackets respected."""
    position, line = 0, 1
    while position < len(text):
        start = position
        try:
            position = _statement_end(text, position)
        except _Unclosed:
            return
        if re.match(r"\s*[\w\"-]+\s*=", text[start:position][:200]):
            yield line, text[start:position]
        line += text.count("\n", start, position)


def _line_end(text: str, position: int) -> int:
    """Past the end of the line, a comment or heredoc that begins on it included."""
    while (match := _CODE.search(text, position)) is not None:
        position = _skipped(text, match)
        if match[0] == "\n" or match["here"]:
            return position
        if match[0] in ("{", '"'):
            position = _block_end(text, position) if match[0] == "{" else _string_end(text, position, 0)
    return len(text)


def _statement_end(text: str, position: int) -> int:
    """Past the line on which an attribute ends: one whose brackets are all closed."""
    depth = 0
    for match in _brackets(text, position):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match[0], 0)
        if match[0] == "\n" and depth <= 0:
            return match[1]
    return len(text)


_BRACKETS = re.compile(r'["#\n(){}\[\]]|//|/\*|<<-?(?P<here>[A-Za-z][\w.-]*)\r?\n', re.ASCII)


def _brackets(text: str, position: int) -> Iterator[tuple[str, int]]:
    """(sign, place after it) of brackets and line ends outside strings, comments and heredocs."""
    while (match := _BRACKETS.search(text, position)) is not None:
        sign, position = match[0], match.end()
        if match["here"] is not None:
            position, sign = _heredoc_end(text, match.end(), match["here"]), "\n"
        elif sign == '"':
            position = _string_end(text, position, 0)
        elif sign in ("#", "//", "/*"):
            position = _skipped(text, match)
        yield sign, position


def _skipped(text: str, match: re.Match[str]) -> int:
    """Past a comment or a heredoc, or just past the match."""
    if match[0] in ("#", "//"):
        end = text.find("\n", match.end())
        return len(text) if end < 0 else end
    if match[0] == "/*":
        end = text.find("*/", match.end())
        if end < 0:
            raise _Unclosed
        return end + 2
    return _heredoc_end(text, match.end(), match["here"]) if match["here"] else match.end()


def _heredoc_end(text: str, position: int, name: str) -> int:
    end = re.compile(rf"^[ \t]*{re.escape(name)}[ \t]*\r?$", re.MULTILINE).search(text, position)
    if end is None:
        raise _Unclosed
    return min(end.end() + 1, len(text))


def _block_end(text: str, position: int) -> int:
    """Past the brace that closes the block whose opening brace stands just before."""
    depth = 1
    while (match := _CODE.search(text, position)) is not None:
        position = _skipped(text, match)
        if match[0] == '"':
            position = _string_end(text, position, 0)
        elif match[0] == "{":
            depth += 1
            if depth > MOST_NESTED:
                raise _Unclosed
        elif match[0] == "}":
            depth -= 1
            if not depth:
                return position
    raise _Unclosed


def _string_end(text: str, position: int, nested: int) -> int:
    """Past the quote that closes a string, whose interpolations may hold strings themselves."""
    if nested > MOST_NESTED:
        raise _Unclosed
    while (match := _TEXT.search(text, position)) is not None:
        position = match.end()
        if match[0] == '"':
            return position
        if match[0] == "\n":
            raise _Unclosed
        if match[0] in ("${", "%{"):
            position = _interpolation_end(text, position, nested + 1)
    raise _Unclosed


_INNER = re.compile(r'["{}]')


def _interpolation_end(text: str, position: int, nested: int) -> int:
    depth = 1
    while (match := _INNER.search(text, position)) is not None:
        position = match.end()
        if match[0] == '"':
            position = _string_end(text, position, nested)
        else:
            depth += 1 if match[0] == "{" else -1
            if not depth:
                return position
            if depth > MOST_NESTED:
                raise _Unclosed
    raise _Unclosed
