"""Teams and what is above and below them, without loading the catalog: what pages of teams are made along."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from app.store.declared import CATALOG_VERSION
from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.sql import number
from app.store.tables import entities, relations


@dataclass(frozen=True, slots=True)
class GroupTree:
    """Groups by reference. A group may have several parents; cycles end where they begin."""

    titles: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def digest(self) -> int:
        """A number that is another when other groups are known, or stand above each other in another way."""
        pairs = sorted((group, child) for group, children in self.children.items() for child in children)
        text = repr((sorted(self.titles), pairs))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")

    def below(self, group: str) -> tuple[str, ...]:
        """The group and all groups below it, each once, nearest first."""
        return _walk(group, self.children)

    def above(self, group: str) -> tuple[str, ...]:
        """All groups above it, nearest first."""
        return _walk(group, self.parents)[1:]

    def roots(self) -> tuple[str, ...]:
        """Groups without a parent, and of a cycle without a way in the first, by title."""
        found = [group for group in self.titles if not self.parents.get(group)]
        reached = {below for root in found for below in self.below(root)}
        for group in sorted(self.titles):
            if group not in reached:
                found.append(group)
                reached.update(self.below(group))
        return tuple(sorted(found, key=self.order))

    def order(self, group: str) -> tuple[str, str]:
        return self.titles.get(group, group).casefold(), group


def _walk(start: str, ways: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    seen = {start: None}
    waiting = [start]
    for group in waiting:
        for following in ways.get(group, ()):
            if following not in seen:
                seen[following] = None
                waiting.append(following)
    return tuple(seen)


class Groups:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight
        self._lock = threading.Lock()
        self._known: tuple[int, GroupTree] = (-1, GroupTree())

    def tree(self) -> GroupTree:
        """The groups of the catalog as it is now; read again only when the catalog changed."""
        with self._database.read() as connection:
            version = number(connection, CATALOG_VERSION)
            with self._lock:
                if self._known[0] == version:
                    return self._known[1]
            groups = (entities.c.kind == "group", entities.c.orphaned_at.is_(None), *self._sight.entities())
            named = select(entities.c.ref, entities.c.title).where(*groups)
            titles = {row.ref: row.title for row in connection.execute(named)}
            at = relations.c
            query = select(at.source, at.type, at.target).where(at.source >= "group:", at.source < "group;")
            rows = connection.execute(query.where(at.type.in_(("parentOf", "childOf")))).all()
        tree = _tree(titles, {(s, t) if type_ == "parentOf" else (t, s) for s, type_, t in rows})
        with self._lock:
            self._known = (version, tree)
        return tree


def _tree(titles: dict[str, str], pairs: set[tuple[str, str]]) -> GroupTree:
    children: dict[str, list[str]] = {}
    parents: dict[str, list[str]] = {}
    for parent, child in sorted(pairs):
        if parent in titles and child in titles and parent != child:
            children.setdefault(parent, []).append(child)
            parents.setdefault(child, []).append(parent)

    def order(group: str) -> tuple[str, str]:
        return titles[group].casefold(), group

    return GroupTree(
        titles,
        {group: tuple(sorted(below, key=order)) for group, below in children.items()},
        {group: tuple(above) for group, above in parents.items()},
    )
