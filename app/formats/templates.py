"""Helm (Go) templates, read without running them.

A lexer takes the actions out so that what is left is YAML with the same line numbers: an action that fills its lines
leaves them blank, a literal (`` {{`text`}} ``) leaves its text, any other leaves `TOKEN`, and a value that holds TOKEN
is unknown. All branches of an `if` stay. Grammar: Go text/template, `text/template/parse/lex.go`.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from dataclasses import dataclass

TOKEN = "__TPL__"  # noqa: S105 a placeholder, not a password

_HOLE, _SILENT = "\ue000", "\ue001"
"""Stand-ins for an action with output and one without, until whole lines are known."""
_BODY = re.compile(
    r'"(?:\\.|[^"\\\n])*+"?|`[^`]*+`?|' + r"'(?:\\.|[^'\\\n])*+'?|/\*.*?(?:\*/|\Z)|(?P<end>\}\})", re.DOTALL
)
"""What an action is made of; unclosed parts run on, so that every character is looked at once."""
_LITERAL = re.compile(r'-?\s*(?:`(?P<raw>[^`]*)`|"(?P<quoted>(?:\\.|[^"\\\n])*)")\s*-?', re.DOTALL)
_PROMETHEUS = re.compile(r"\$(?:labels|value|externalLabels|externalURL)\b")
_ASSIGNED = re.compile(r"\$(?:labels|value)\s*(?:,|:?=)")
_WORD = re.compile(r"-?\s*(\w+|/\*|\$\w*\s*:?=|\}\})")
_OPENERS = frozenset(("if", "range", "with", "define", "block"))
_CONDITIONS = frozenset(("if", "range", "with"))
_SILENT_WORDS = frozenset(("if", "else", "end", "range", "with", "define", "block", "break", "continue"))
_MOST_ACTIONS = 50_000


@dataclass(frozen=True, slots=True)
class Neutral:
    """A template with its actions taken out.

    `holes`: lines blanked though their action writes something. `conditional`: (first, last) lines of `if`, `range`
    and `with` bodies, in order and without overlaps.
    """

    text: str
    holes: frozenset[int]
    conditional: tuple[tuple[int, int], ...]

    def is_conditional(self, line: int) -> bool:
        index = bisect_right(self.conditional, (line, sys.maxsize)) - 1
        return index >= 0 and line <= self.conditional[index][1]


@dataclass(frozen=True, slots=True)
class _Action:
    start: int
    end: int
    body: str


def holds_token(value: object) -> bool:
    """Whether a value is text with a part that only the template knows."""
    return isinstance(value, str) and TOKEN in value


def neutralise(text: str) -> Neutral:
    """Take every action out of a template. What is never closed stays as it is."""
    text = text.replace(_HOLE, "").replace(_SILENT, "")
    assigned = _ASSIGNED.search(text) is not None
    parts: list[str] = []
    position = 0
    blocks = _Blocks()
    line = 1
    for action in _actions(text):
        before = text[position : action.start]
        parts.append(before)
        line += before.count("\n")
        lines = text.count("\n", action.start, action.end)
        parts.append(_replacement(text, action, lines, assigned))
        blocks.take(action.body, line)
        line += lines
        position = action.end
    parts.append(text[position:])
    neutral, holes = _blank("".join(parts))
    return Neutral(neutral, holes, _merged(blocks.found))


def _actions(text: str) -> list[_Action]:
    """Every `{{ … }}`, with strings and comments inside respected."""
    found: list[_Action] = []
    start = text.find("{{")
    while start >= 0 and len(found) < _MOST_ACTIONS:
        end = _end_of(text, start + 2)
        if end < 0:
            break
        found.append(_Action(start, end, text[start + 2 : end - 2]))
        start = text.find("{{", end)
    return found


def _end_of(text: str, position: int) -> int:
    for match in _BODY.finditer(text, position):
        if match["end"]:
            return match.end()
    return -1


def _replacement(text: str, action: _Action, lines: int, assigned: bool) -> str:
    literal = _LITERAL.fullmatch(action.body)
    if literal:
        raw = literal["raw"]
        return raw if raw is not None else _unquote(literal["quoted"])
    if not assigned and _PROMETHEUS.search(action.body):
        return text[action.start : action.end]  # a Prometheus template that no Helm run ever sees
    word = _WORD.match(action.body)
    silent = word is not None and (word[1] in _SILENT_WORDS or word[1][0] in "/$")
    comment = word is not None and word[1] == "/*"
    marker = _SILENT if silent else _HOLE
    return marker + ("-" if comment else "+") + "\n" * lines


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text).replace("\n", " ")


def _blank(text: str) -> tuple[str, frozenset[int]]:
    """Lines that hold nothing but actions become blank; in others an action becomes TOKEN, a comment nothing."""
    holes: set[int] = set()
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if _HOLE not in line and _SILENT not in line:
            continue
        rest = re.sub(f"[{_HOLE}{_SILENT}][-+]", "", line)
        if not rest.strip():
            if _HOLE in line:
                holes.add(index + 1)
            lines[index] = ""
            continue
        lines[index] = re.sub(f"[{_HOLE}{_SILENT}]([-+])", lambda match: TOKEN if match[1] == "+" else "", line)
    return "\n".join(lines), frozenset(holes)


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


class _Blocks:
    """Follows `if … end` nesting to know which lines are conditional."""

    def __init__(self) -> None:
        self.open: list[tuple[str, int]] = []
        self.found: list[tuple[int, int]] = []

    def take(self, body: str, line: int) -> None:
        word = _WORD.match(body)
        if word is None:
            return
        if word[1] in _OPENERS:
            self.open.append((word[1], line))
        elif word[1] == "end" and self.open:
            opener, first = self.open.pop()
            if opener in _CONDITIONS:
                self.found.append((first, line))
