"""Helm (Go) templates, read without running them.

A lexer takes the actions out so that what is left is YAML with the same line numbers: an action that fills its lines
leaves them blank, a literal (`` {{`text`}} ``) leaves its text, any other leaves `TOKEN`, and a value that holds TOKEN
is unknown. All branches of an `if` stay. Grammar: Go text/template, `text/template/parse/lex.go`.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
_MARKER = re.compile(f"[{_HOLE}{_SILENT}]([-+~])")
_MARKS = rf"(?P<marks>(?:\s*[{_HOLE}{_SILENT}][-+~])+)\s*"
_KEYED = re.compile(
    rf"(?P<head>(?P<indent>(?:\s|-\s)*)[^\s:#|>][^:#{_HOLE}{_SILENT}]*:)(?P<block>\s+[|>][-+0-9]{{0,2}})?{_MARKS}"
)
"""A key and nothing after it but actions, that of a block of text (`key: |-{{ … }}`) included."""
_LISTED = re.compile(rf"(?P<indent>\s*)-{_MARKS}")
"""An item that begins with an action and may go on with keys below."""
_WRAPPED = re.compile(rf"(?P<indent>\s*){_SILENT}\+\s*(?P<pair>[\w./-]+:(?:\s[^{_SILENT}]*)?){_SILENT}\+\s*")
"""A key and its value between an `if` and its `end`, all on one line."""
_LOOK_AHEAD = 20


@dataclass(frozen=True, slots=True)
class Guard:
    """One branch of an `if`, `with` or `range`: its lines, its pipeline ("" for `else`), and those of earlier ones."""

    first: int
    last: int
    word: str
    pipeline: str
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Neutral:
    """A template with its actions taken out.

    `holes`: lines blanked though their action writes something. `conditional`: (first, last) lines of `if`, `range`
    and `with` bodies, in order and without overlaps. `actions`: line → the actions that begin on it and leave a hole or
    a token, in order. `guards`: every branch, outer ones first.
    """

    text: str
    holes: frozenset[int]
    conditional: tuple[tuple[int, int], ...]
    actions: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()

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
    taken: dict[int, list[str]] = {}
    line = 1
    for action in _actions(text):
        before = text[position : action.start]
        parts.append(before)
        line += before.count("\n")
        lines = text.count("\n", action.start, action.end)
        replacement = _replacement(text, action, lines, assigned)
        parts.append(replacement)
        blocks.take(action.body, line)
        if replacement[:1] in (_HOLE, _SILENT) and replacement[1:2] in "+~":
            taken.setdefault(line, []).append(action.body.strip("- \t\n"))
        line += lines
        position = action.end
    parts.append(text[position:])
    neutral, holes = _blank("".join(parts))
    actions = {number: tuple(bodies) for number, bodies in taken.items()}
    conditional = _merged([(one.first, one.last) for one in blocks.closed])
    return Neutral(neutral, holes, conditional, actions, tuple(sorted(blocks.branches, key=_outer_first)))


def _outer_first(guard: Guard) -> tuple[int, int]:
    return guard.first, -guard.last


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
    sign = "-" if comment else "~" if "nindent" in action.body else "+"
    return marker + sign + "\n" * lines


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text).replace("\n", " ")


def _blank(text: str) -> tuple[str, frozenset[int]]:
    """Lines that hold nothing but actions become blank; in others an action becomes TOKEN, a comment nothing."""
    holes: set[int] = set()
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if _HOLE not in line and _SILENT not in line:
            continue
        rest = _MARKER.sub("", line)
        if not rest.strip():
            if _HOLE in line:
                holes.add(index + 1)
            lines[index] = ""
            continue
        if wrapped := _WRAPPED.fullmatch(line):
            lines[index] = line = f"{wrapped['indent']}{wrapped['pair'].rstrip()}"
        opened = _opened(lines, index)
        if opened is not None:
            lines[index], hole = opened
            holes.update((index + 1,) if hole else ())
            continue
        lines[index] = _MARKER.sub(lambda match: "" if match[1] == "-" else TOKEN, line)
    return "\n".join(lines), frozenset(holes)


def _opened(lines: list[str], index: int) -> tuple[str, bool] | None:
    """A line whose actions begin a block, as YAML, and whether they leave a hole; None for any other line."""
    line = lines[index]
    keyed = _KEYED.fullmatch(line)
    found = keyed or _LISTED.fullmatch(line)
    if found is None or (_HOLE not in line and f"{_SILENT}-" in line):
        return None
    marks, head = found["marks"], found["head"] if keyed else f"{found['indent']}-"
    block = (keyed["block"] or "") if keyed else ""
    begins = not keyed or block or "~" in marks or _HOLE not in marks
    if begins and _goes_on(lines, index, len(found["indent"])):
        return head + block, _HOLE in marks
    return (f"{head} {TOKEN}", False) if block or "~" in marks else None


def _goes_on(lines: list[str], index: int, indent: int) -> bool:
    """Whether more is written under a key whose action (`key: {{ … | nindent 4 }}`) begins the block."""
    for line in lines[index + 1 : index + _LOOK_AHEAD]:
        rest = _MARKER.sub("", line)
        if rest.strip():
            return len(rest) - len(rest.lstrip()) > indent
    return False


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


class _Blocks:
    """Follows `if … else … end` nesting. `closed`: whole conditional blocks; `branches`: each branch of them."""

    def __init__(self) -> None:
        self.open: list[tuple[int, Guard]] = []
        """(line of the opener, the branch that is open)."""
        self.closed: list[Guard] = []
        self.branches: list[Guard] = []

    def take(self, body: str, line: int) -> None:
        word = _WORD.match(body)
        if word is None:
            return
        rest = body[word.end() :].strip("- \t\n")
        if word[1] in _OPENERS:
            self.open.append((line, Guard(line, line, word[1], rest)))
        elif word[1] == "else" and self.open:
            first, branch = self.open.pop()
            self._leave(branch, line)
            pipeline = rest.partition(" ")[2].strip() if rest.split(" ")[0] in _CONDITIONS else ""
            self.open.append((first, Guard(line, line, branch.word, pipeline, (*branch.earlier, branch.pipeline))))
        elif word[1] == "end" and self.open:
            first, branch = self.open.pop()
            self._leave(branch, line)
            if branch.word in _CONDITIONS:
                self.closed.append(replace(branch, first=first, last=line))

    def _leave(self, branch: Guard, line: int) -> None:
        if branch.word in _CONDITIONS:
            self.branches.append(replace(branch, last=line))
