"""Whose is an object? By an explicit reference, by labels, by the deepest component folder: in this order. Pure.

Ambiguous objects belong to nobody and are listed, so that a shared file never counts for everyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from pathlib import PurePosixPath
from typing import Any

from app.attribution.index import KINDS, SELECTOR, Index, Lookup, Replaced
from app.attribution.model import Attribution, Placed, Rules
from app.catalog.model import Catalog, Entity, EntityRef
from app.formats.apis import openapi
from app.formats.workloads.model import Workload

_BY_PATH = ("runbook", "workload")
"""Kinds whose path names whom they are for, in a repository that holds them for others."""
_IS_RESOURCE = ("database", "cluster")
"""Kinds whose own name is the Resource's; others are part of one."""
_OF_APIS = ("api_definition", "gateway_api", "gateway_policy")
"""Kinds that speak of an API rather than of the component that provides it."""
_KINDS_OF_GROUPS = {"database": "database", "cluster": "cluster", "api": "api_definition"}
"""Fact group → the kind of object that a place of it would hold."""


class Attributor:
    """Built once for a catalog, then asked for each object; a lookup costs a few dictionary reads."""

    def __init__(self, catalog: Catalog, rules: Rules, index: Lookup | None = None) -> None:
        """`index`: where to look things up, if not in one of the whole catalog that is built here."""
        self.rules = rules
        self._index: Lookup | Replaced = index or Index(catalog.entities)

    def replacing(self, repository: str, entities: Iterable[Entity]) -> Attributor:
        """As if `entities` were what `repository` declares; costs nothing for what others declare."""
        assert not isinstance(self._index, Replaced)
        other = copy(self)
        other._index = Replaced(self._index, repository, entities)
        return other

    def of(self, placed: Placed) -> Attribution:
        """The entities an object belongs to, and why."""
        thing = placed.object
        for key, text in self._explicit(thing):
            return self._named(key, text)
        if thing.kind in self.rules.types:
            return self._as_resource(placed, self.rules.types[thing.kind])
        if thing.kind in _OF_APIS:
            return self._as_api(placed)
        if isinstance(thing, Workload) and (picked := self._index.selecting({**thing.object_labels, **thing.labels})):
            return self._one(picked, f"{SELECTOR} picks it")
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

    def _as_resource(self, placed: Placed, types: frozenset[str]) -> Attribution:
        """A database or a cluster *is* a Resource: by its name, a label, its path, or as the only one of a folder."""
        thing: Any = placed.object
        labels = getattr(thing, "labels", {})
        named = [(f"label {key}", labels.get(key, "")) for key in self.rules.labels]
        if thing.kind in _IS_RESOURCE:
            named.insert(0, ("its name", thing.name))
        if thing.kind in self.rules.evidence.get(placed.repository, ()):
            named += [("its path", part.partition(".")[0]) for part in reversed(PurePosixPath(placed.path).parts)]
        for source, name in named:
            fitting = [one for one in self._index.called(name.lower()) if name and _fits(one, types)]
            if fitting:
                return self._one(fitting, f"{source} is “{name}”")
        return self._by_folder(placed)

    def _as_api(self, placed: Placed) -> Attribution:
        """A contract is the API's whose definition it is; a gateway's part of one goes by name, label, path, folder."""
        thing: Any = placed.object
        if digest := getattr(thing, "digest", ""):
            same = [one for one in self._index.apis(placed.repository) if _defines(one, digest)]
            if same:
                return self._one(same, "it is its definition")
        labels = getattr(thing, "labels", {})
        named = [
            ("its name", getattr(thing, "name", "")),
            *((f"label {key}", labels.get(key, "")) for key in self.rules.labels),
        ]
        if thing.kind in self.rules.evidence.get(placed.repository, ()):
            named += [("its path", part.partition(".")[0]) for part in reversed(PurePosixPath(placed.path).parts)]
        for source, name in named:
            slug = _NOT_NAME.sub("-", name.lower()).strip("-")
            for variant in (slug, f"{slug}-api", slug.removesuffix("-api")) if slug else ():
                if entities := [one for one in self._index.called(variant) if one.ref.kind in ("api", "component")]:
                    return self._one_api(entities, f"{source} is “{name}”")
        return self._by_folder(placed)

    def _one_api(self, entities: Iterable[Entity], why: str, *, folder: bool = False) -> Attribution:
        """The only API among them, else the only component."""
        listed = list(entities)
        apis = {one.ref for one in listed if one.ref.kind == "api"}
        if len(apis) == 1:
            return Attribution((apis.pop(),), why)
        return self._one([one for one in listed if one.ref.kind != "api"] or listed, why, folder=folder)

    def _by_file_name(self, path: str) -> Attribution:
        """In a repository of runbooks: `orders.md`, `orders/README.md`, `orders/anything.md` belong to orders."""
        pure = PurePosixPath(path)
        for name in (pure.stem.lower(), *(part.lower() for part in reversed(pure.parts[:-1]))):
            if entities := self._index.called(name):
                return self._one(entities, f"its path names “{name}”")
        return Attribution((), "nothing in its path or front matter names an entity")

    def _by_folder(self, placed: Placed) -> Attribution:
        return self.of_place(placed.repository, placed.path, placed.object.kind)

    def of_unreadable(self, repository: str, path: str, group: str) -> Attribution:
        """Whose something of a fact group is that can't be read, so that nothing but its place is known."""
        return self.of_place(repository, path, _KINDS_OF_GROUPS.get(group, ""))

    def of_place(self, repository: str, path: str, kind: str = "") -> Attribution:
        """By folder alone."""
        provided = self.rules.evidence.get(repository, frozenset())
        folder = PurePosixPath(path).parent
        for parent in (folder, *folder.parents):
            root = "" if str(parent) == "." else str(parent)
            entities = self._index.in_folder(repository, root)
            if not entities:
                continue
            if kind in provided and not root:
                break
            types = self.rules.types.get(kind, frozenset())
            entities = [one for one in entities if _fits(one, types)] or entities
            one = self._one_api if kind in _OF_APIS else self._one
            return one(entities, f"it lies in {root or 'the repository'}", folder=True)
        return Attribution((), "no label names an entity, and no component folder holds it")

    def _one(self, entities: Iterable[Entity], why: str, *, folder: bool = False) -> Attribution:
        """The only entity, preferring components over what they provide; several of one kind are ambiguous."""
        unique = {entity.ref: entity for entity in entities}
        for kind in KINDS:
            refs = sorted(ref for ref in unique if ref.kind == kind)
            if len(refs) == 1:
                return Attribution((refs[0],), why)
            scored = [ref for ref in refs if unique[ref].spec_text("type").lower() not in self.rules.unscored]
            if kind == "component" and len(scored) == 1:
                return Attribution((scored[0],), f"{why}, as the only service there")
            if refs:
                names = ", ".join(str(ref) for ref in refs[:5])
                return Attribution((), f"{why}, which is ambiguous: {names}")
        return Attribution((), why if not folder else "its folder belongs to no component")


_NOT_NAME = re.compile(r"[^a-z0-9.]+")


def _defines(entity: Entity, digest: str) -> bool:
    text = entity.spec_text("definition")
    return bool(text) and openapi.digest_of(text) == digest


def _fits(entity: Entity, types: frozenset[str]) -> bool:
    return entity.ref.kind == "resource" and entity.spec_text("type").lower() in types


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
