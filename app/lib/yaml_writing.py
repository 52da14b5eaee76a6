"""Values as YAML text, in the style of the file that they go into."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.lib.documents import scalar
from app.lib.yaml_nodes import Node, walk

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@%+,=()<>$\"' :#—–-]*")
_ODD = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|~|[\d.:_+-]+|0x[0-9a-f]+|\d{4}-\d\d-\d\d.*")
"""What YAML 1.1 takes for something else than text."""


@dataclass(frozen=True, slots=True)
class Style:
    """`step`: spaces a level. `dash`: spaces that a list under a key is indented by. `json`: keys need quotes."""

    step: int = 2
    dash: int = 2
    json: bool = False


def style_of(root: Node | None) -> Style:
    """How a document is written, told by its first nested mapping and list."""
    step = dash = None
    if root is None:
        return Style()
    for node in walk(root):
        if node.kind != "mapping" or node.flow:
            continue
        for _, value in node.pairs:
            if value.flow or not value.inside():
                continue
            if value.kind == "mapping" and step is None:
                step = value.column - node.column
            elif value.kind == "sequence" and dash is None:
                dash = value.column - node.column
        if step is not None and dash is not None:
            break
    step = step if step and step > 0 else 2
    first = next((name for node in walk(root) if node.kind == "mapping" for name, _ in node.pairs), None)
    is_json = root.flow and first is not None and first.quote == '"'
    return Style(step, dash if dash is not None and dash >= 0 else step, is_json)


def plain(value: Any, quote: str = "") -> str:
    """A scalar on one line; text that could be taken for something else is quoted, else `quote` decides."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if value is None:
        return "null"
    text = str(value)
    if quote == "'" and "\n" not in text:
        return "'" + text.replace("'", "''") + "'"
    if quote != '"' and _is_plain(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    if not text or not _PLAIN.fullmatch(text) or text != text.strip() or _ODD.fullmatch(text):
        return False
    if ": " in text or text.endswith(":") or " #" in text:
        return False
    return text[0] not in "%@" and scalar(text) == text


def entry(key: str, value: Any, column: int, style: Style) -> str:
    """The lines of one entry of a block mapping, each with its line break."""
    pad, name = " " * column, plain(key)
    if isinstance(value, Mapping) and value:
        below = "".join(entry(k, v, column + style.step, style) for k, v in value.items())
        return f"{pad}{name}:\n{below}"
    if _is_list(value) and value:
        return f"{pad}{name}:\n" + "".join(item(one, column + style.dash, style) for one in value)
    if isinstance(value, str) and "\n" in value.strip("\n") and not value.startswith((" ", "\n")):
        return f"{pad}{name}: |\n" + _block(value, column + style.step)
    return f"{pad}{name}: {flow(value)}\n"


def item(value: Any, column: int, style: Style) -> str:
    """The lines of one item of a block list."""
    pad = " " * column
    if isinstance(value, Mapping) and value:
        lines = "".join(entry(k, v, column + 2, style) for k, v in value.items())
        return f"{pad}- {lines[column + 2 :]}"
    return f"{pad}- {flow(value)}\n"


def document(value: Mapping[str, Any], style: Style | None = None) -> str:
    """A whole document."""
    return "".join(entry(key, one, 0, style or Style()) for key, one in value.items())


def flow(value: Any, *, as_json: bool = False) -> str:
    """A value on one line, in brackets where it has parts."""
    if as_json:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow_text(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if _is_list(value):
        return "[" + ", ".join(flow(one) if not isinstance(one, str) else _flow_text(one) for one in value) + "]"
    return _flow_text(value) if isinstance(value, str) else plain(value)


def _flow_text(value: str) -> str:
    """Commas and brackets end a plain text inside of brackets."""
    text = plain(value)
    return json.dumps(value, ensure_ascii=False) if text == value and re.search(r"[,\[\]{}]", text) else text


def _block(text: str, column: int) -> str:
    return "".join(f"{' ' * column}{line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
