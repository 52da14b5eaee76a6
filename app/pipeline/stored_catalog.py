"""The catalog asked of the store entity by entity, for one request: a fix, a simulation, a preview.

These look at a few entities and what is around them. To load all of a large catalog for that would make a web process
half as big again, and the first answer after each change of the catalog slow. It says what `Catalog.of` all would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

from app.catalog.model import INVERSE, Catalog, Entity, EntityRef
from app.store.lookups import Lookups


class _Entities(Mapping[EntityRef, Entity]):
    """Each is loaded once; to walk over the references loads no entity."""

    def __init__(self, lookups: Lookups, hidden: Collection[EntityRef], own: Mapping[EntityRef, Entity]) -> None:
        self._lookups, self._hidden, self._own = lookups, hidden, own
        self._seen: dict[EntityRef, Entity | None] = {}

    def __getitem__(self, ref: EntityRef) -> Entity:
        if ref in self._own:
            return self._own[ref]
        if ref not in self._seen:
            found = [] if ref in self._hidden else self._lookups.get([ref])
            self._seen[ref] = found[0] if found and found[0].identified else None
        entity = self._seen[ref]
        if entity is None:
            raise KeyError(ref)
        return entity

    def load(self, refs: Iterable[EntityRef]) -> None:
        """Loads all of these at once; they will be asked for."""
        missing = [ref for ref in refs if not (ref in self._own or ref in self._hidden or ref in self._seen)]
        found = {one.ref: one for one in self._lookups.get(missing) if one.identified}
        self._seen.update((ref, found.get(ref)) for ref in missing)

    def __iter__(self) -> Iterator[EntityRef]:
        others = (ref for ref in self._refs if ref not in self._hidden and ref not in self._own)
        return iter([*others, *self._own])

    def __len__(self) -> int:
        return len(list(iter(self)))

    @cached_property
    def _refs(self) -> list[EntityRef]:
        return self._lookups.refs()


class StoredCatalog(Catalog):
    """What is stored but for `hidden`, and after it `own`: of two with one reference what is stored counts."""

    def __init__(
        self, lookups: Lookups, *, hidden: Collection[EntityRef] = frozenset(), own: Iterable[Entity] = ()
    ) -> None:
        self._lookups, self._hidden = lookups, frozenset(hidden)
        given = list(own)
        known = {one.ref for one in lookups.get(one.ref for one in given)} - self._hidden
        self._own = Catalog.of(one for one in given if one.ref not in known)
        self._asked: dict[tuple[EntityRef, str], tuple[EntityRef, ...]] = {}
        self._loaded = _Entities(lookups, self._hidden, self._own.entities)
        super().__init__(self._loaded)

    def replacing(self, hidden: Collection[EntityRef], own: Iterable[Entity]) -> StoredCatalog:
        """What is stored, with others in place of some."""
        return StoredCatalog(self._lookups, hidden=hidden, own=own)

    def of_repository(self, url: str) -> list[Entity]:
        """Those stored that count as a repository's."""
        return self._lookups.in_repository(url)

    @property
    def kinds(self) -> frozenset[str]:
        left = Counter(self._lookups.kinds())
        left.subtract(one.ref.kind for one in self._lookups.get(self._hidden))
        return frozenset(kind for kind, many in left.items() if many > 0) | self._own.kinds

    def known(self, refs: Iterable[EntityRef]) -> list[Entity]:
        wanted = list(refs)
        self._loaded.load(wanted)
        return super().known(wanted)

    def of_kind(self, kind: str) -> list[EntityRef]:
        others = (ref for ref in self._lookups.refs(kind) if ref not in self._hidden and ref not in self._own.entities)
        return [*others, *self._own.of_kind(kind)]

    def related(self, ref: EntityRef, type_: str) -> tuple[EntityRef, ...]:
        if (ref, type_) not in self._asked:
            self._asked[ref, type_] = tuple(dict.fromkeys(self._related_to(ref, type_)))
        return self._asked[ref, type_]

    def _related_to(self, ref: EntityRef, type_: str) -> Iterator[EntityRef]:
        """What it says of itself, what others that are stored say of it, what those say that came with it."""
        entity = self.get(ref)
        if entity is not None:
            yield from (one.target for one in entity.relations if one.type == type_ and one.source == ref)
        if type_ in INVERSE:
            theirs = self._lookups.sources(ref, INVERSE[type_])
            yield from (one for one in theirs if one not in self._hidden)
        yield from self._own.related(ref, type_)
