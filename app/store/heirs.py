"""Who may get something from whom: an entity inherits from its system and what that is part of, from its owner and the
groups above it (`attribution.inheritance`). What a giver gains or loses concerns all of them, over any number of steps.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BindParameter, Connection, bindparam, select, union

from app.store.sql import chunks
from app.store.tables import relations

_GIVERS = ("system:", "domain:", "group:", "user:")
_AT = relations.c
_WANTED: BindParameter[str] = bindparam("refs", expanding=True)
_SOURCES = select(_AT.source).where(_AT.type == bindparam("up"), _AT.target.in_(_WANTED))
_TARGETS = select(_AT.target).where(_AT.type == bindparam("down"), _AT.source.in_(_WANTED))
_BELOW = union(_SOURCES, _TARGETS)
"""A relation may be stated by either side: a system's `hasPart` says the same as a component's `partOf`."""


def heirs_of(connection: Connection, refs: Iterable[str]) -> set[str]:
    """Entities that may inherit from any of `refs`; entities of which nobody can inherit are free to ask for."""
    givers = {ref for ref in refs if ref.startswith(_GIVERS)}
    if not givers:
        return set()
    parts = _closure(connection, givers, "partOf", "hasPart")
    groups = {ref for ref in givers if ref.startswith(("group:", "user:"))}
    groups |= _closure(connection, groups, "childOf", "parentOf")
    return parts | groups | _step(connection, groups, "ownedBy", "ownerOf")


def _closure(connection: Connection, refs: set[str], up: str, down: str) -> set[str]:
    """Everything below `refs`; a circle ends where it began."""
    found: set[str] = set()
    edge = refs
    while edge:
        edge = _step(connection, edge, up, down) - found - refs
        found |= edge
    return found


def _step(connection: Connection, refs: set[str], up: str, down: str) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(sorted(refs)):
        found.update(connection.execute(_BELOW, {"refs": chunk, "up": up, "down": down}).scalars())
    return found
