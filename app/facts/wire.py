"""Entities, fact sets and inventories as JSON, for the store and for a server that judges what lies on a laptop.

Fact values hold aware datetimes, which JSON can't: they travel as `{"$instant": "…"}`. A stranger's dict that looks
like one is escaped with another `$`, so nothing a file says is ever taken for an instant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from app.catalog.model import Entity, EntityRef, Relation
from app.facts import codec
from app.facts.inventory import Found, Inventory
from app.facts.model import FactSet, Place, Read, Reason, Unknown
from app.facts.unseen import UnreadablePlace
from app.lib.problems import Problem
from app.lib.times import format_instant, parse_instant
from app.repos.model import LastChange

_MARK = "$instant"
_LIKE_MARK = re.compile(r"\$+instant")
_ENTITY_TEXTS = tuple(
    field.name for field in fields(Entity) if field.name not in ("ref", "document", "problems", "relations")
)
_UNREADABLE = ("group", "path", "line", "reason", "ignored")


def dumps(value: Any) -> str:
    """JSON text of a value that may hold datetimes."""
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


def loads(data: str | bytes) -> Any:
    """The value again, its datetimes too. Raises ValueError."""
    return json.loads(data, object_hook=_revive)


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


def inventory_body(inventory: Inventory) -> dict[str, Any]:
    """All that one snapshot says, JSON-ready. The repository is named once; every place is its own."""
    return {
        "repository": inventory.url,
        "commit": inventory.commit,
        "branch": inventory.branch,
        "found": [found_body(one) for one in inventory.found],
        "entities": [entity_body(entity) for entity in inventory.entities],
        "problems": [[p.path, p.line, p.code, p.message] for p in inventory.problems],
        "unreadable": [[getattr(place, name) for name in _UNREADABLE] for place in inventory.unreadable],
        "paths": sorted(inventory.paths),
    }


def inventory_from(body: Mapping[str, Any], repository: str) -> Inventory:
    """The inventory of a stranger's body, its places said to be of `repository`. Raises ValueError."""
    try:
        commit = _text(body["commit"])
        return Inventory(
            url=repository,
            commit=commit,
            branch=_text(body["branch"]),
            found=tuple(found_from(one, repository, commit) for one in body["found"]),
            entities=tuple(_entity(one, repository) for one in body["entities"]),
            problems=tuple(Problem(_text(p[0]), int(p[1]), _text(p[2]), _text(p[3])) for p in body["problems"]),
            unreadable=tuple(_place(one, repository, commit) for one in body["unreadable"]),
            paths=frozenset(_text(path) for path in body["paths"]),
        )
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"not an inventory: {error}") from None


def _changed(change: LastChange | None) -> list[Any]:
    return [format_instant(change.at), change.exact] if change else [None, False]


def found_body(one: Found) -> list[Any]:
    """Something that was found, JSON-ready, but for its repository and commit."""
    return [one.object.kind, codec.encode(one.object), one.path, one.ignored, *_changed(one.changed)]


def found_from(one: Any, repository: str, commit: str) -> Found:
    """The same again. Raises what `inventory_from` makes a ValueError."""
    kind, body, path, ignored, at, exact = one
    changed = LastChange(parse_instant(at), bool(exact)) if at is not None else None
    return Found(codec.decode(codec.KINDS[kind], body), repository, commit, _text(path), _text(ignored), changed)


def _entity(body: Any, repository: str) -> Entity:
    known = {*_ENTITY_TEXTS, "ref", "document", "problems", "relations"}
    entity = entity_from({name: value for name, value in body.items() if name in known})
    if not isinstance(entity.document, dict) or not all(
        isinstance(getattr(entity, n), str | int) for n in _ENTITY_TEXTS
    ):
        raise ValueError("not an inventory: an entity is of another shape")
    return entity if not entity.repository else _at(entity, repository)


def _at(entity: Entity, repository: str) -> Entity:
    return Entity(**{**{one.name: getattr(entity, one.name) for one in fields(Entity)}, "repository": repository})


def _place(one: Any, repository: str, commit: str) -> UnreadablePlace:
    group, path, line, reason, ignored = one
    return UnreadablePlace(_text(group), repository, commit, _text(path), int(line), _text(reason), _text(ignored))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} stands where text belongs")
    return value
