"""The text of one block of HCL as plain data. Slow, so callers bound what they ask; `hcl_parser` does the work.

An expression is a literal (text, number, boolean, null) or one of `{"ref": [name, …]}`, `{"text": [part, …]}`,
`{"list": […]}`, `{"map": [[key, value], …]}`, `{"call": name, "of": […]}`, `{"if": [test, yes, no]}`,
`{"op": sign, "of": […]}`, `{"at": [value, key]}`; everything else is `{"unseen": true}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Expression = Any
UNSEEN: Expression = {"unseen": True}
LONGEST_TEXT = 500
"""Longer literals (scripts, policies, keys) say nothing here and may be secret."""
MOST_BYTES = 16 * 1024
"""Of one block. The parser takes a second for the worst that fits."""


@dataclass(slots=True)
class Body:
    """What stands between a block's braces: attribute → (line, expression), and blocks in order."""

    attributes: dict[str, tuple[int, Expression]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    kind: str
    labels: tuple[str, ...]
    line: int
    body: Body


class HclError(ValueError):
    """The text is no HCL, or more of it than is read."""


def parse(text: str, first_line: int = 1) -> Body:
    """The blocks and attributes of a text. Raises HclError with one sentence."""
    # Loading the grammar takes a third of a second, which only those who have Terraform should pay.
    from app.formats.terraform import hcl_parser

    if len(text) > MOST_BYTES:
        raise HclError(f"is a block of more than {MOST_BYTES // 1024} KiB")
    return hcl_parser.body(text, first_line)
