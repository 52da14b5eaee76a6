"""Unified diffs as `git apply` takes them: new files, files without a last line break, names that need quotes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONTEXT = 3
_MOST_LOOKED_AT = 500
"""Lines of a change beyond which it is not made smaller: that costs their square."""
_NO_BREAK = "\\ No newline at end of file\n"
Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Hunk:
    """One piece of a diff. `start` is its first line in the new file; `added` and `removed` number (from 1) the lines
    of the new and of the old file that it changes."""

    text: str
    start: int
    added: tuple[int, ...]
    removed: tuple[int, ...]


def lines_of(text: str) -> list[str]:
    """Lines as git counts them, each with its line break."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def header(path: str, *, new: bool, mode: str = "100644") -> str:
    """What stands before a file's hunks."""
    old_name, new_name = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    # A name with a space ends at a tab, else a reader would take the rest for a date.
    tab = "\t" if " " in path else ""
    said = f"diff --git {old_name} {new_name}\n"
    if new:
        return f"{said}new file mode {mode}\n--- /dev/null\n+++ {new_name}{tab}\n"
    return f"{said}--- {old_name}{tab}\n+++ {new_name}{tab}\n"


def hunks(before: str, after: str) -> Iterator[Hunk]:
    """The differences, with three lines around each."""
    old, new = lines_of(before), lines_of(after)
    for group in _matcher(old, new).get_grouped_opcodes(CONTEXT):
        yield _hunk(old, new, group)


def opcodes(before: str, after: str) -> Sequence[Opcode]:
    return _matcher(lines_of(before), lines_of(after)).get_opcodes()


def diff(path: str, before: str | None, after: str) -> str:
    """One file's diff; None before: it is new. Nothing where nothing differs."""
    if before == after:
        return ""
    return header(path, new=before is None) + "".join(hunk.text for hunk in hunks(before or "", after))


def _matcher(old: Sequence[str], new: Sequence[str]) -> difflib.SequenceMatcher[str]:
    """In a long file difflib takes frequent lines for noise, and then calls more changed than is: so what it calls
    replaced is looked at once more."""
    matcher = difflib.SequenceMatcher(None, old, new)
    found = [one for opcode in matcher.get_opcodes() for one in _closer(opcode, old, new)]
    matcher.opcodes = found  # type: ignore[attr-defined] # what `get_grouped_opcodes` goes by
    return matcher


def _closer(opcode: Opcode, old: Sequence[str], new: Sequence[str]) -> Iterator[Opcode]:
    tag, old_start, old_end, new_start, new_end = opcode
    if tag != "replace" or max(old_end - old_start, new_end - new_start) > _MOST_LOOKED_AT:
        yield opcode
        return
    inner = difflib.SequenceMatcher(None, old[old_start:old_end], new[new_start:new_end], autojunk=False)
    for kind, i1, i2, j1, j2 in inner.get_opcodes():
        yield kind, old_start + i1, old_start + i2, new_start + j1, new_start + j2


def _hunk(old: Sequence[str], new: Sequence[str], group: Sequence[Opcode]) -> Hunk:
    first, last = group[0], group[-1]
    parts = [f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"]
    added: list[int] = []
    removed: list[int] = []
    for tag, old_start, old_end, new_start, new_end in group:
        if tag == "equal":
            parts += (_line(" ", line) for line in old[old_start:old_end])
            continue
        parts += (_line("-", line) for line in old[old_start:old_end])
        parts += (_line("+", line) for line in new[new_start:new_end])
        removed += range(old_start + 1, old_end + 1)
        added += range(new_start + 1, new_end + 1)
    return Hunk("".join(parts), (added or [first[3] + 1])[0], tuple(added), tuple(removed))


def _line(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n{_NO_BREAK}"


def _range(start: int, end: int) -> str:
    count = end - start
    return f"{start + 1 if count else start}" + ("" if count == 1 else f",{count}")


def _quoted(name: str) -> str:
    """A name as git writes it: in quotes where it holds a quote, a backslash, a control or anything beyond ASCII."""
    data = name.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in data):
        return name
    known = {0x22: '\\"', 0x5C: "\\\\", 0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
    return '"' + "".join(known.get(b) or (chr(b) if 0x20 <= b < 0x7F else f"\\{b:03o}") for b in data) + '"'
