"""Where in a YAML file a place inside one of its texts lies, however that text was written."""

from __future__ import annotations

from collections.abc import Sequence


def locate(lines: Sequence[str], mark: tuple[int, int], key: str, text: str, offset: int) -> tuple[int, int]:
    """(line, column) of `text[offset]`, where `text` is the value of `key` and the key stands at `mark`.

    YAML folds, indents and quotes, but keeps every other character in order; so the characters that are not blank are
    counted off. Where that leads nowhere (an alias, a merged key) it is the key's own place.
    """
    number, column = mark[0] - 1, mark[1] - 1
    if number >= len(lines) or not lines[number].startswith(f"{key}:", column):
        return mark
    rest = lines[number][column + len(key) + 1 :]
    start = column + len(key) + 1 + len(rest) - len(rest.lstrip())
    style = lines[number][start : start + 1]
    if style in ("*", "&", "!"):
        return mark
    if style in ("|", ">"):
        number, start = number + 1, 0
    skip = 1 if style in ('"', "'") else 0
    return _count_off(lines, number, start + skip, style, sum(not char.isspace() for char in text[:offset])) or mark


def _count_off(lines: Sequence[str], number: int, column: int, style: str, left: int) -> tuple[int, int] | None:
    while number < len(lines):
        row = lines[number]
        while column < len(row):
            if not row[column].isspace():
                if left == 0:
                    return number + 1, column + 1
                left -= 1
                column += (style == '"' and row[column] == "\\") or (style == "'" and row[column] == "'")
            column += 1
        number, column = number + 1, 0
    return None
