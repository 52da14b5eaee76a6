"""What a text without a name would be called, so that the readers take it: by its content alone."""

from __future__ import annotations

import re
from typing import Any

from app.errors import DocumentError
from app.formats import reading
from app.lib import documents

KINDS = {
    "entity": "catalog-info.yaml",
    "manifest": "manifest.yaml",
    "terraform": "main.tf",
    "openapi": "openapi.yaml",
    "runbook": "runbook.md",
    "rules": "rules.yaml",
}
"""What may be said of a text → the name it is then read under."""
_HCL = re.compile(
    r'^(?:resource|module|variable|data|provider|output)[ \t]+"[^"\n]+"|^(?:terraform|locals)[ \t]*\{', re.M
)
_BACKSTAGE = re.compile(r"(?:[a-z]+\.)?backstage\.io/v\w+")


def name_of(data: bytes) -> str:
    """A file name for the text, "" when nothing in it says what it is."""
    try:
        text = documents.decode(data)
    except DocumentError:
        return ""
    if _HCL.search(text):
        return KINDS["terraform"]
    values = [one.value for one in documents.load_all(data) if isinstance(one.value, dict)]
    if any(_is_entity(one) for one in values):
        return KINDS["entity"]
    if any("openapi" in one or "swagger" in one for one in values):
        return KINDS["openapi"]
    if values:
        return KINDS["manifest"]
    return KINDS["runbook"] if text.lstrip().startswith("# ") else ""


def _is_entity(value: dict[str, Any]) -> bool:
    version = value.get("apiVersion")
    return isinstance(version, str) and _BACKSTAGE.fullmatch(version) is not None


def is_read(name: str) -> bool:
    """Whether a file of that name would be read at all."""
    return reading.wants(name)
