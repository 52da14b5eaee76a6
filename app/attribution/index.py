"""Living entities by what an object or its place may say of them: names, namespaces, label selectors, folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from app.catalog.model import Entity, EntityRef

KINDS = ("component", "resource", "api", "system")
"""Who may own evidence, in order of preference within one folder."""
SELECTOR = "backstage.io/kubernetes-label-selector"
NAMESPACE = "backstage.io/kubernetes-namespace"
KUBERNETES_ID = "backstage.io/kubernetes-id"


class Lookup(Protocol):
    """What attribution asks of the entities there are. An answer's order is the catalog's."""

    @property
    def entities(self) -> Mapping[EntityRef, Entity]: ...
    def called(self, name: str) -> Sequence[Entity]: ...
    def in_namespace(self, name: str) -> Sequence[Entity]: ...
    def in_folder(self, repository: str, root: str) -> Sequence[Entity]: ...
    def apis(self, repository: str) -> Sequence[Entity]:
        """API entities that a repository declares."""

    def selecting(self, labels: Mapping[str, str]) -> Sequence[Entity]:
        """Entities whose label selector picks an object with these labels."""

    def knows(self, ref: EntityRef) -> bool: ...
    def is_made_up(self, ref: EntityRef) -> bool:
        """A provisional component stands for a repository that declares none."""


class Index:
    """Living entities by what an object or its place may say of them."""

    def __init__(self, entities: Mapping[EntityRef, Entity]) -> None:
        self.entities = entities
        self._by_name: dict[str, list[Entity]] = {}
        self._by_namespace: dict[str, list[Entity]] = {}
        self._folders: dict[tuple[str, str], list[Entity]] = {}
        self._selectors: list[tuple[Mapping[str, str], Entity]] = []
        self._apis: dict[str, list[Entity]] = {}
        for entity in entities.values():
            if entity.ref.kind in KINDS and not entity.orphan:
                self._add(entity)

    def _add(self, entity: Entity) -> None:
        names = {entity.ref.name, entity.annotations.get(KUBERNETES_ID, "").lower()}
        for name in names - {""}:
            self._by_name.setdefault(name, []).append(entity)
        if namespace := entity.annotations.get(NAMESPACE, "").lower():
            self._by_namespace.setdefault(namespace, []).append(entity)
        if pairs := equalities(entity.annotations.get(SELECTOR, "")):
            self._selectors.append((pairs, entity))
        if entity.ref.kind == "api":
            self._apis.setdefault(entity.repository, []).append(entity)
        if entity.repository:
            self._folders.setdefault((entity.repository, entity.root), []).append(entity)

    def called(self, name: str) -> Sequence[Entity]:
        return self._by_name.get(name, ())

    def in_namespace(self, name: str) -> Sequence[Entity]:
        return self._by_namespace.get(name, ())

    def in_folder(self, repository: str, root: str) -> Sequence[Entity]:
        return self._folders.get((repository, root), ())

    def apis(self, repository: str) -> Sequence[Entity]:
        return self._apis.get(repository, ())

    def selecting(self, labels: Mapping[str, str]) -> Sequence[Entity]:
        return [entity for pairs, entity in self._selectors if pairs.items() <= labels.items()]

    def knows(self, ref: EntityRef) -> bool:
        return ref in self.entities

    def is_made_up(self, ref: EntityRef) -> bool:
        entity = self.entities.get(ref)
        return entity is not None and entity.provisional


class Replaced:
    """An index in which one repository's entities are others, at the cost of those alone."""

    def __init__(self, base: Lookup, repository: str, entities: Iterable[Entity]) -> None:
        self._base, self._repository = base, repository
        own: dict[EntityRef, Entity] = {}
        for entity in entities:
            if entity.identified and not entity.ignored and not self._elsewhere(entity.ref):
                own.setdefault(entity.ref, entity)
        self._own = Index(own)

    def _elsewhere(self, ref: EntityRef) -> bool:
        known = self._base.entities.get(ref)
        return known is not None and known.repository != self._repository

    def _others(self, entities: Sequence[Entity]) -> Iterator[Entity]:
        return (entity for entity in entities if entity.repository != self._repository)

    def called(self, name: str) -> Sequence[Entity]:
        return [*self._others(self._base.called(name)), *self._own.called(name)]

    def in_namespace(self, name: str) -> Sequence[Entity]:
        return [*self._others(self._base.in_namespace(name)), *self._own.in_namespace(name)]

    def in_folder(self, repository: str, root: str) -> Sequence[Entity]:
        base = self._base.in_folder(repository, root)
        return self._own.in_folder(repository, root) if repository == self._repository else base

    def apis(self, repository: str) -> Sequence[Entity]:
        return self._own.apis(repository) if repository == self._repository else self._base.apis(repository)

    def selecting(self, labels: Mapping[str, str]) -> Sequence[Entity]:
        return [*self._others(self._base.selecting(labels)), *self._own.selecting(labels)]

    def knows(self, ref: EntityRef) -> bool:
        return self._own.knows(ref) or self._elsewhere(ref)

    def is_made_up(self, ref: EntityRef) -> bool:
        return self._own.is_made_up(ref) if self._own.knows(ref) else self._base.is_made_up(ref)


def equalities(selector: str) -> dict[str, str]:
    """`app=shop,tier=web` as pairs; {} for a selector that says more than equality."""
    parts = [part.strip().replace("==", "=") for part in selector.split(",") if part.strip()]
    if not all(part.count("=") == 1 and "!" not in part for part in parts):
        return {}
    return {key.strip(): value.strip() for key, _, value in (part.partition("=") for part in parts)}
