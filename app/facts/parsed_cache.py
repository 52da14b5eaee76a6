"""What remembers readings of blobs between two readings of a repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class ParsedCache(Protocol):
    """Remembers readings by key; values are JSON-ready dicts. Forgetting is always allowed."""

    def get_many(self, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]: ...

    def put_many(self, values: Mapping[str, dict[str, Any]]) -> None: ...


class NoCache:
    """Remembers nothing."""

    def get_many(self, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        return {}

    def put_many(self, values: Mapping[str, dict[str, Any]]) -> None:
        return None
