"""Whom objects belong to, asked of the store name by name: `attribution.Index` without all entities in memory.

What names an entity by an annotation can't be asked of the database, so the few texts of these are kept, and read
again when the catalog has changed. For simulations and fixes, beside `stored_catalog`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from app.attribution.index import KINDS, KUBERNETES_ID, NAMESPACE, SELECTOR, equalities
from app.catalog.model import Catalog, Entity, EntityRef
from app.store.lookups import Lookups
from app.store.store import Store

_API = ("api",)
_MARK = "backstage.io/kubernetes-"
"""What the three annotations begin with."""


@dataclass(slots=True)
class Named:
    """References by an annotation's text, in order."""

    version: int = -1
    names: dict[str, list[EntityRef]] = field(default_factory=dict)
    namespaces: dict[str, list[EntityRef]] = field(default_factory=dict)
    selectors: list[tuple[Mapping[str, str], EntityRef]] = field(default_factory=list)

    def add(self, entity: Entity) -> None:
        said = entity.annotations
        if name := said.get(KUBERNETES_ID, "").lower():
            self.names.setdefault(name, []).append(entity.ref)
        if namespace := said.get(NAMESPACE, "").lower():
            self.namespaces.setdefault(namespace, []).append(entity.ref)
        if pairs := equalities(said.get(SELECTOR, "")):
            self.selectors.append((pairs, entity.ref))


class Annotated:
    """What annotations name, as of the newest catalog. One a process; safe for threads."""

    def __init__(self) -> None:
        self._lock, self._last = threading.Lock(), Named()

    def now(self, store: Store) -> Named:
        """Of all entities, whoever asks: who looks them up sees only what they may."""
        version = store.entities.version()
        with self._lock:
            if self._last.version != version:
                found = Named(version)
                for entity in Lookups(store.database).saying(_MARK):
                    if entity.ref.kind in KINDS and entity.identified:
                        found.add(entity)
                self._last = found
            return self._last


@dataclass
class StoredIndex:
    """Implements `attribution.index.Lookup` for one request; each answer is kept for it. `named`: asked when needed."""

    catalog: Catalog
    lookups: Lookups
    named: Callable[[], Named]
    _called: dict[str, Sequence[Entity]] = field(default_factory=dict)
    _repositories: dict[tuple[str, ...], Sequence[Entity]] = field(default_factory=dict)

    @property
    def entities(self) -> Mapping[EntityRef, Entity]:
        return self.catalog.entities

    def called(self, name: str) -> Sequence[Entity]:
        if name not in self._called:
            found = {one.ref: one for one in self.lookups.named(name, KINDS) if one.identified}
            found.update((one.ref, one) for one in self._known(self._named.names.get(name, ())))
            self._called[name] = [found[ref] for ref in sorted(found, key=str)]
        return self._called[name]

    def in_namespace(self, name: str) -> Sequence[Entity]:
        return self._known(self._named.namespaces.get(name, ()))

    def in_folder(self, repository: str, root: str) -> Sequence[Entity]:
        return [one for one in self._of(repository, KINDS) if one.root == root] if repository else ()

    def apis(self, repository: str) -> Sequence[Entity]:
        return self._of(repository, _API)

    def selecting(self, labels: Mapping[str, str]) -> Sequence[Entity]:
        return self._known([ref for pairs, ref in self._named.selectors if pairs.items() <= labels.items()])

    def knows(self, ref: EntityRef) -> bool:
        return ref in self.catalog.entities

    def is_made_up(self, ref: EntityRef) -> bool:
        entity = self.catalog.get(ref)
        return entity is not None and entity.provisional

    @cached_property
    def _named(self) -> Named:
        return self.named()

    def _of(self, repository: str, kinds: Sequence[str]) -> Sequence[Entity]:
        asked = (repository, *kinds)
        if asked not in self._repositories:
            found = self.lookups.in_repository(repository, kinds)
            self._repositories[asked] = [one for one in found if one.identified]
        return self._repositories[asked]

    def _known(self, refs: Sequence[EntityRef]) -> Sequence[Entity]:
        return [one for ref in refs if (one := self.catalog.get(ref)) is not None]
