"""Whose entities a reader may see, as conditions on queries: the one place where a hidden entity becomes absent.

`Store.seen_by(sight)` gives a store whose reading parts hold to it, so lists, single reads, counts and totals agree.
An entity is seen when one of `owners` owns it, or when it is one of them (a group, a user).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, or_, select

from app.store.tables import entities


@dataclass(frozen=True)
class Sight:
    """`owners` None: everything is seen; empty: nothing."""

    owners: frozenset[str] | None = None

    @property
    def is_limited(self) -> bool:
        return self.owners is not None

    @cached_property
    def fingerprint(self) -> str:
        """Another text for another sight: part of an ETag."""
        return "" if self.owners is None else hashlib.sha256("\n".join(self._sorted).encode()).hexdigest()[:16]

    def sees(self, owner: str) -> bool:
        return self.owners is None or owner in self.owners

    def entities(self) -> list[ColumnElement[bool]]:
        """For queries over the table of entities."""
        if self.owners is None:
            return []
        return [or_(entities.c.owner.in_(self._sorted), entities.c.ref.in_(self._sorted))]

    def of(self, column: Column[Any]) -> list[ColumnElement[bool]]:
        """For a column that holds an entity's reference."""
        return [] if self.owners is None else [column.in_(self._select(entities.c.ref))]

    def owned_by(self, column: Column[Any]) -> list[ColumnElement[bool]]:
        """For a column that holds an owner's reference."""
        return [] if self.owners is None else [column.in_(self._sorted)]

    def in_repository(self, column: Column[Any]) -> list[ColumnElement[bool]]:
        """For a column that holds a repository's URL: one that holds an entity which is seen."""
        return [] if self.owners is None else [column.in_(self._select(entities.c.repository))]

    def _select(self, column: Column[Any]) -> Select[Any]:
        return select(column).where(*self.entities())

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.owners or ())


EVERYTHING = Sight()
