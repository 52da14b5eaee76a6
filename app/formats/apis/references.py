"""References within one document. Those that leave it, loop, or point nowhere give nothing."""

from __future__ import annotations

from typing import Any

from app.lib import documents

_MOST_HOPS = 8
_LONGEST = 1_000


def resolved(value: Any, root: Any) -> Any:
    """What a value stands for: itself, or what its local `$ref` points to; None when that is not here."""
    for _ in range(_MOST_HOPS):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str):
            return value
        value = pointed(reference, root)
    return None


def pointed(reference: str, root: Any) -> Any:
    """The value at a local reference such as `#/components/responses/NotFound`, or None."""
    if not reference.startswith("#/") or len(reference) > _LONGEST:
        return None
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(root, dict) and name in root:
            root = root[name]
        elif isinstance(root, list) and name.isdecimal() and int(name) < len(root):
            root = root[int(name)]
        else:
            return None
    return root


def is_external(value: Any) -> bool:
    """Whether a value is a reference to another file."""
    reference = value.get("$ref") if isinstance(value, dict) else None
    return isinstance(reference, str) and not reference.startswith("#")


def line(container: Any, key: str) -> int:
    return documents.line_of(container, key)
