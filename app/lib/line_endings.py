"""A file's bytes as text with plain line feeds, and back: so that an edit keeps line endings and byte order mark."""

from __future__ import annotations

from dataclasses import dataclass, replace

_BOM = "﻿"


class NotText(Exception):
    """Why a file can't be edited as text."""


@dataclass(frozen=True, slots=True)
class Lines:
    """`text` ends its lines with line feeds alone; `crlf` and `bom` say how the file itself has it."""

    text: str
    crlf: bool = False
    bom: bool = False

    def with_text(self, text: str) -> Lines:
        return replace(self, text=text)

    @property
    def raw(self) -> str:
        """The file's own characters."""
        text = self.text.replace("\n", "\r\n") if self.crlf else self.text
        return f"{_BOM}{text}" if self.bom else text


def read(data: bytes) -> Lines:
    """Raises NotText for what is not UTF-8, or ends its lines in several ways."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotText("it is not UTF-8 text") from None
    if "\0" in text:
        raise NotText("it is no text")
    bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    breaks = text.count("\r\n")
    if not breaks and "\r" not in text:
        return Lines(text, bom=bom)
    if breaks == text.count("\n") and breaks == text.count("\r"):
        return Lines(text.replace("\r\n", "\n"), crlf=True, bom=bom)
    raise NotText("its lines end in several ways")
