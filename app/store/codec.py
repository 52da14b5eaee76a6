"""Bodies to and from JSON: entities, fact sets, and the path maps of repositories.

Fact values hold aware datetimes, which JSON can't: they travel as `{"$instant": "…"}`. A stranger's dict that looks
like one is escaped with another `$`, so nothing a file says is ever taken for an instant.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from app.catalog.model import Entity, EntityRef, Relation
from app.facts.model import FactSet, Place, Read, Reason, Unknown
from app.lib.problems import Problem
from app.lib.times import format_instant, parse_instant
from app.store.types import dump

_MARK = "$instant"
_LIKE_MARK = re.compile(r"\$+instant")
_ENTITY_TEXTS = tuple(
    field.name for field in fields(Entity) if field.name not in ("ref", "document", "problems", "relations")
)
_BLOB_DIGITS = 16


def digest(*parts: Any) -> str:
    """A short fingerprint of JSON-ready values; equal values have equal ones (the order of keys counts)."""
    return hashlib.blake2b(_json(parts).encode(), digest_size=12).hexdigest()


def pack(value: Any) -> bytes:
    """A JSON-ready value (datetimes allowed) as compressed bytes."""
    return zlib.compress(_json(value).encode(), 3)


def unpack(data: bytes) -> Any:
    return json.loads(zlib.decompress(data), object_hook=_revive)


def _json(value: Any) -> str:
    seen = 0

    def default(item: object) -> dict[str, str]:
        nonlocal seen
        if not isinstance(item, datetime):
            raise TypeError(f"a fact can't be a {type(item).__name__}")
        seen += 1
        return {_MARK: format_instant(item)}

    text = json.dumps(value, separators=(",", ":"), default=default)
    if text.count(f'{_MARK}"') == seen:
        return text
    return json.dumps(_escape(value), separators=(",", ":"), default=default)


def _escape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {f"${key}" if _LIKE_MARK.fullmatch(str(key)) else key: _escape(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escape(item) for item in value]
    return value


def _revive(found: dict[str, Any]) -> Any:
    if not any(key.startswith("$") for key in found):
        return found
    if len(found) == 1 and isinstance(found.get(_MARK), str):
        return parse_instant(found[_MARK])
    return {key[1:] if _LIKE_MARK.fullmatch(key) else key: item for key, item in found.items()}


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


def entity_body(entity: Entity) -> dict[str, Any]:
    """All of an entity, JSON-ready."""
    body: dict[str, Any] = {name: getattr(entity, name) for name in _ENTITY_TEXTS if getattr(entity, name)}
    body["document"] = entity.document
    body["ref"] = str(entity.ref)
    if entity.problems:
        body["problems"] = [[p.path, p.line, p.code, p.message] for p in entity.problems]
    if entity.relations:
        body["relations"] = [[str(r.source), r.type, str(r.target), r.line] for r in entity.relations]
    return body


def entity_from(body: Mapping[str, Any], *, orphan: bool = False) -> Entity:
    """The entity of a stored body."""
    parts = dict(body)
    parts["ref"] = EntityRef.parse(parts["ref"])
    parts["problems"] = tuple(Problem(*problem) for problem in parts.get("problems", ()))
    parts["relations"] = tuple(
        Relation(EntityRef.parse(source), type_, EntityRef.parse(target), line)
        for source, type_, target, line in parts.get("relations", ())
    )
    for name in ("kind", "name", "namespace"):
        parts.setdefault(name, "")
    return Entity(**{**parts, "orphan": orphan or parts.get("orphan", False)})


def fact_set_body(facts: FactSet) -> dict[str, Any]:
    """What was seen, without when: two looks that saw the same have equal bodies."""
    return {
        "version": facts.version,
        "values": dict(facts.values),
        "unknown": {name: [unknown.reason.value, unknown.message] for name, unknown in facts.unknown.items()},
        "evidence": {name: [p.repository, p.commit, p.path, p.line, p.url] for name, p in facts.evidence.items()},
        "given_by": dict(facts.given_by),
        "reads": sorted([read.repository, read.commit, read.path] for read in set(facts.reads)),
        "error": facts.error,
    }


def fact_set_from(retriever: str, body: Mapping[str, Any], collected: datetime, expires: datetime | None) -> FactSet:
    return FactSet(
        retriever=retriever,
        version=body["version"],
        values=body["values"],
        unknown={name: Unknown(Reason(reason), message) for name, (reason, message) in body["unknown"].items()},
        evidence={name: Place(*place) for name, place in body["evidence"].items()},
        given_by=body["given_by"],
        reads=tuple(Read(*read) for read in body["reads"]),
        collected_at=collected,
        expires_at=expires,
        error=body["error"],
    )
