"""Well-known annotations, and which of them hold something secret that must never be stored."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from app.lib import documents
from app.lib.redaction import REDACTED, without_secrets

SOURCE_LOCATION = "backstage.io/source-location"
MANAGED_BY = "backstage.io/managed-by-location"
ORPHAN = "backstage.io/orphan"
SECRET = frozenset(
    {
        "pagerduty.com/integration-key",
        "splunk.com/on-call-routing-key",
        "ilert.com/integration-key",
        "datadoghq.com/graph-token",
        "victorops.com/routing-key",
        "opsgenie.com/api-key",
    }
)
_SECRET_NAME = re.compile(
    r"(?:.*[-_./])?(?:(?:integration|routing|api|access|private|secret|signing)[-_]?key|token|password|passwd|secret"
    r"|webhook(?:[-_]url)?)",
    re.IGNORECASE,
)
_WIDEST_INT = 64


def redact(document: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON-ready copy of the descriptor without secrets: what is secret keeps its presence, not its value.

    Line marks stay. Not-a-number, infinity and integers beyond 64 bits become text; NUL and lone surrogates go.
    """
    cleaned: dict[str, Any] = _clean(document)
    metadata = cleaned.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict):
        for key in annotations:
            if is_secret(key):
                annotations[key] = REDACTED if annotations[key] else ""
    return cleaned


def _clean(node: Any) -> Any:
    if isinstance(node, dict):
        copy: dict[str, Any] = {}
        if isinstance(node, documents.Mapping):
            copy = marked = documents.Mapping(node.mark)
            marked.marks = {_storable(key): mark for key, mark in node.marks.items()}
        copy.update((_storable(key), _clean(value)) for key, value in node.items())
        return copy
    if isinstance(node, list):
        return [_clean(value) for value in node]
    if isinstance(node, str):
        return without_secrets(_storable(node))
    if isinstance(node, float) and not math.isfinite(node):
        return str(node)
    if isinstance(node, int) and node.bit_length() > _WIDEST_INT:
        return hex(node)[:80]
    return node


def is_secret(key: str) -> bool:
    """Whether an annotation's value is a credential: listed here, or its own name says so."""
    return key in SECRET or _SECRET_NAME.fullmatch(key[:200]) is not None


def _storable(text: str) -> str:
    """Without what JSON in UTF-8, or a database, can't hold."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
