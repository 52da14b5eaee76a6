"""What readers made of blobs before, as an inventory asks for it: kept by the store, or by one run.

Called by `refresh`, which keeps what is new, and by fixes, which keep nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.pipeline.fixing_here import MemoryCache
from app.store.model import Reading
from app.store.parsed import ParsedCache, packed


@dataclass(frozen=True, slots=True)
class StoredCache:
    """The store's memory of readings, as the inventory asks: `blob:kind:version` → JSON-ready body.

    What is new waits in `fresh`, packed, to be kept in the transaction that saves the refresh.
    """

    parsed: ParsedCache
    now: datetime
    fresh: dict[Reading, bytes] = field(default_factory=dict)

    def get_many(self, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        found = self.parsed.get_many([Reading(*key.split(":", 2)) for key in keys], self.now)
        return {":".join(one): json.loads(body) for one, body in found.items()}

    def put_many(self, values: Mapping[str, dict[str, Any]]) -> None:
        for key, body in values.items():
            self.fresh[Reading(*key.split(":", 2))] = packed(json.dumps(body, separators=(",", ":")).encode())


@dataclass
class BorrowedCache(MemoryCache):
    """Readings of one run that begins with what the store knows and leaves it as it is: of a repository that was scored
    nothing is read again, so that a web process need not even load what reads Terraform (17 MB).
    """

    parsed: ParsedCache = field(kw_only=True)

    def get_many(self, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        missing = [Reading(*key.split(":", 2)) for key in keys if key not in self.known]
        self.put_many({":".join(one): json.loads(body) for one, body in self.parsed.get_many(missing).items()})
        return super().get_many(keys)
