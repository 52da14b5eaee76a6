"""Names from git, which are bytes, as text."""

from __future__ import annotations


def shown(path: str) -> str:
    """A path as text that can be shown: bytes that are not UTF-8 stand as `\\xe9`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
