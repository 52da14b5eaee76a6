"""Whose is an object? By an explicit reference, by labels, by the deepest component folder: in this order. Pure.

Ambiguous objects belong to nobody and are listed, so that a shared file never counts for everyone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import PurePosixPath
from typing import Any

from app.attribution.model import Attribution, Placed, Rules
from app.catalog.model import Catalog, Entity, EntityRef
from app.formats.workloads.model import Workload

_KINDS = ("component", "resource", "api", "system")
"""Who may own evidence, in order of preference within one folder."""
_ID = {"namespace": "backstage.io/kubernetes-namespace"}
_KUBERNETES_ID = "backstage.io/kubernetes-id"
_SELECTOR = "backstage.io/kubernetes-label-selector"
_BY_PATH = ("runbook", "workload")
"""Kinds whose path names whom they are for, in a repository that holds them for others."""


class _Index:
    """Living entities by what an object or its place may say of them."""

    def __init__(self, entities: Mapping[EntityRef, Entity]) -> None:
        self.entities = entities
        self._by_name: dict[str, list[Entity]] = {}
        self._by_namespace: dict[str, list[Entity]] = {}
        self._folders: dict[tuple[str, str], list[Entity]] = {}
        self._selectors: list[tuple[Mapping[str, str], Entity]] = []
        for entity in entities.values():
            if entity.ref.kind in _KINDS and not entity.orphan:
                self._add(entity)

    def _add(self, entity: Entity) -> None:
        names = {entity.ref.name, entity.annotations.get(_KUBERNETES_ID, "").lower()}
        for name in names - {""}:
            self._by_name.setdefault(name, []).append(entity)
        if namespace := entity.annotations.get(_ID["namespace"], "").lower():
            self._by_namespace.setdefault(namespace, []).append(entity)
        if pairs := _equalities(entity.annotations.get(_SELECTOR, "")):
            self._selectors.append((pairs, entity))
        if entity.repository:
            self._folders.setdefault((entity.repository, entity.root), []).append(entity)

    def called(self, name: str) -> Sequence[Entity]:
        return self._by_name.get(name, ())

    def in_namespace(self, name: str) -> Sequence[Entity]:
        return self._by_namespace.get(name, ())

    def in_folder(self, repository: str, root: str) -> Sequence[Entity]:
        return self._folders.get((repository, root), ())

    def selecting(self, labels: Mapping[str, str]) -> Sequence[Entity]:
        """Entities whose label selector picks an object with these labels."""
        return [entity for pairs, entity in self._selectors if pairs.items() <= labels.items()]

    def knows(self, ref: EntityRef) -> bool:
        return ref in self.entities

    def is_made_up(self, ref: EntityRef) -> bool:
        """A provisional component stands for a repository that declares none."""
        entity = self.entities.get(ref)
        return entity is not None and entity.provisional


class _Replaced:
    """An index in which one repository's entities are others, at the cost of those alone."""

    def __init__(self, base: _Index, repository: str, entities: Iterable[Entity]) -> None:
        self._base, self._repository = base, repository
        own: dict[EntityRef, Entity] = {}
        for entity in entities:
            if not entity.ignored and not self._elsewhere(entity.ref):
                own.setdefault(entity.ref, entity)
        self._own = _Index(own)

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

    def selecting(self, labels: Mapping[str, str]) -> Sequence[Entity]:
        return [*self._others(self._base.selecting(labels)), *self._own.selecting(labels)]

    def knows(self, ref: EntityRef) -> bool:
        return self._own.knows(ref) or self._elsewhere(ref)

    def is_made_up(self, ref: EntityRef) -> bool:
        return self._own.is_made_up(ref) if self._own.knows(ref) else self._base.is_made_up(ref)


class Attributor:
    """Built once for a catalog, then asked for each object; a lookup costs a few dictionary reads."""

    def __init__(self, catalog: Catalog, rules: Rules) -> None:
        self.rules = rules
        self._index: _Index | _Replaced = _Index(catalog.entities)

    def replacing(self, repository: str, entities: Iterable[Entity]) -> Attributor:
        """As if `entities` were what `repository` declares; costs nothing for what others declare."""
        assert isinstance(self._index, _Index)
        other = copy(self)
        other._index = _Replaced(self._index, repository, entities)
        return other

    def of(self, placed: Placed) -> Attribution:
        """The entities an object belongs to, and why."""
        thing = placed.object
        for key, text in self._explicit(thing):
            return self._named(key, text)
        if isinstance(thing, Workload) and (picked := self._index.selecting({**thing.object_labels, **thing.labels})):
            return self._one(picked, f"{_SELECTOR} picks it")
        decided, labelled = self._by_labels(thing)
        if decided and labelled is not None:
            return labelled
        if thing.kind in _BY_PATH and thing.kind in self.rules.evidence.get(placed.repository, ()):
            return self._by_file_name(placed.path)
        folder = self._by_folder(placed)
        if isinstance(thing, Workload) and all(self._index.is_made_up(ref) for ref in folder.refs):
            named = [one for one in self._index.called(thing.name.lower()) if not one.provisional]
            if named:
                return self._one(named, f"its name is “{thing.name}”")
        return folder if folder.refs or labelled is None else labelled

    def _explicit(self, thing: Any) -> Iterator[tuple[str, str]]:
        for mapping in ("labels", "annotations", "object_labels", "object_annotations", "front_matter"):
            values = getattr(thing, mapping, {})
            for key in (*self.rules.keys, *(("entity", "service") if mapping == "front_matter" else ())):
                if values.get(key):
                    yield f"{mapping.replace('_', ' ')} {key}", values[key]
        if thing.kind == "objective" and thing.service and self._index.called(thing.service.lower()):
            yield "the service of the objective", thing.service

    def _named(self, key: str, text: str) -> Attribution:
        bare = text.strip().lower()
        if ":" not in bare and "/" not in bare:
            if entities := self._index.called(bare):
                return self._one(entities, f"{key} is “{text}”")
            return Attribution((), f"{key} is “{text}”, which is no entity's name")
        try:
            ref = EntityRef.parse(bare, kind="component")
        except ValueError as error:
            return Attribution((), f"{key}: {error}")
        if self._index.knows(ref):
            return Attribution((ref,), f"{key} names it")
        return Attribution((), f"{key} names {ref}, which is not in the catalog")

    def _by_labels(self, thing: Any) -> tuple[bool, Attribution | None]:
        """The first label that fits decides, if only that it is ambiguous; else the object is left to its folder."""
        unmatched: Attribution | None = None
        for label in self.rules.labels:
            for source, values in _label_values(thing, label):
                lookup = self._index.in_namespace if label == "namespace" else self._index.called
                entities = [entity for value in values for entity in lookup(value.lower())]
                if entities:
                    return True, self._one(entities, f"{source} {label} is “{', '.join(values)}”")
                if source == "label" and label == "service":
                    unmatched = Attribution((), f"label service is “{', '.join(values)}”, which is no entity's name")
        return False, unmatched

    def _by_file_name(self, path: str) -> Attribution:
        """In a repository of runbooks: `orders.md`, `orders/README.md`, `orders/anything.md` belong to orders."""
        pure = PurePosixPath(path)
        for name in (pure.stem.lower(), *(part.lower() for part in reversed(pure.parts[:-1]))):
            if entities := self._index.called(name):
                return self._one(entities, f"its path names “{name}”")
        return Attribution((), "nothing in its path or front matter names an entity")

    def _by_folder(self, placed: Placed) -> Attribution:
        return self.of_place(placed.repository, placed.path, placed.object.kind)

    def of_place(self, repository: str, path: str, kind: str = "") -> Attribution:
        """By folder alone: for what can't be read, so that nothing but its place is known."""
        provided = self.rules.evidence.get(repository, frozenset())
        folder = PurePosixPath(path).parent
        for parent in (folder, *folder.parents):
            root = "" if str(parent) == "." else str(parent)
            entities = self._index.in_folder(repository, root)
            if not entities:
                continue
            if kind in provided and not root:
                break
            return self._one(entities, f"it lies in {root or 'the repository'}", folder=True)
        return Attribution((), "no label names an entity, and no component folder holds it")

    def _one(self, entities: Iterable[Entity], why: str, *, folder: bool = False) -> Attribution:
        """The only entity, preferring components over what they provide; several of one kind are ambiguous."""
        unique = {entity.ref: entity for entity in entities}
        for kind in _KINDS:
            refs = sorted(ref for ref in unique if ref.kind == kind)
            if len(refs) == 1:
                return Attribution((refs[0],), why)
            if refs:
                names = ", ".join(str(ref) for ref in refs[:5])
                return Attribution((), f"{why}, which is ambiguous: {names}")
        return Attribution((), why if not folder else "its folder belongs to no component")


def _equalities(selector: str) -> dict[str, str]:
    """`app=shop,tier=web` as pairs; {} for a selector that says more than equality."""
    parts = [part.strip().replace("==", "=") for part in selector.split(",") if part.strip()]
    if not all(part.count("=") == 1 and "!" not in part for part in parts):
        return {}
    return {key.strip(): value.strip() for key, _, value in (part.partition("=") for part in parts)}


def _label_values(thing: Any, label: str) -> Iterator[tuple[str, list[str]]]:
    for mapping in ("labels", "object_labels"):
        values: Mapping[str, str] = getattr(thing, mapping, None) or {}
        if values.get(label):
            yield "label", [values[label]]
    matchers = thing.matchers if thing.kind == "alert_rule" else {}
    if matchers.get(label):
        yield "its expression's", sorted(set(matchers[label]))
    if label == "namespace" and (namespace := getattr(thing, "namespace", None)):
        yield "the object's", [namespace]
