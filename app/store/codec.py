"""Bodies in the database: packed JSON, digests of it, and the path maps of repositories."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.facts import wire
from app.facts.model import FactSet
from app.facts.wire import entity_body, entity_from, fact_set_body, fact_set_from
from app.store.types import dump

__all__ = ["entity_body", "entity_from", "fact_set_body", "fact_set_from"]

_BLOB_DIGITS = 16


def digest(*parts: Any) -> str:
    """A short fingerprint of JSON-ready values; equal values have equal ones (the order of keys counts)."""
    return hashlib.blake2b(wire.dumps(parts).encode(), digest_size=12).hexdigest()


def pack(value: Any) -> bytes:
    """A JSON-ready value (datetimes allowed) as compressed bytes."""
    return zlib.compress(wire.dumps(value).encode(), 3)


def unpack(data: bytes) -> Any:
    return wire.loads(zlib.decompress(data))


def pack_paths(paths: Mapping[str, str]) -> bytes:
    """Path → blob id, shortened: enough to see that a content changed."""
    text = dump({path: blob[:_BLOB_DIGITS] for path, blob in paths.items()})
    return zlib.compress(text.encode(), 3)


def unpack_paths(data: bytes | None) -> dict[str, str]:
    return json.loads(zlib.decompress(data)) if data else {}


def changed_paths(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Paths that came, went, or hold another blob. `before` as `unpack_paths` gives it, `after` with full ids."""
    changed = before.keys() ^ after.keys()
    changed.update(path for path, blob in after.items() if path in before and before[path] != blob[:_BLOB_DIGITS])
    return changed


@dataclass(frozen=True, slots=True)
class DumpedFacts:
    """A fact set dumped once: its digest says whether it is new, its text is what is kept."""

    facts: FactSet
    text: str
    digest: str

    @property
    def packed(self) -> bytes:
        return zlib.compress(self.text.encode(), 3)


def dumped_facts(facts: FactSet) -> DumpedFacts:
    """The digest is of what was seen, not of when."""
    text = wire.dumps(fact_set_body(facts))
    return DumpedFacts(facts, text, hashlib.blake2b(f"[{text}]".encode(), digest_size=12).hexdigest())
