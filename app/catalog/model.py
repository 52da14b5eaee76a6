"""Backstage's catalog model: entities, references, relations, and an index over all that is known.

Source of the rules: Backstage catalog-model (references, defaults, relations).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.lib.problems import Problem


@dataclass(frozen=True, slots=True, order=True)
class EntityRef:
    """A reference in canonical form: every part lower-case. `str()` gives `kind:namespace/name`."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str, *, kind: str | None = None, namespace: str = "default") -> EntityRef:
        """Reads `[kind:][namespace/]name` with defaults. Raises ValueError with one sentence.

        A `:` after the `/` belongs to the name; an empty part is an error.
        """
        if not isinstance(text, str):
            raise ValueError(f"an entity reference must be text, not {text!r}")
        slash, colon = text.find("/"), text.find(":")
        head, rest = ("", text) if colon == -1 or -1 < slash < colon else (text[:colon], text[colon + 1 :])
        has_head = colon != -1 and not -1 < slash < colon
        space, sep, name = rest.partition("/")
        if not sep:
            space, name = "", rest
        if not name or (has_head and not head) or (sep and not space):
            raise ValueError(f"“{text}” is not an entity reference: a part of [kind:][namespace/]name is empty")
        final_kind = head or kind
        if not final_kind:
            raise ValueError(f"“{text}” needs a kind, such as component:{text}")
        return cls(final_kind.lower(), (space or namespace).lower(), name.lower())


@dataclass(frozen=True, slots=True)
class Relation:
    """`source` stands in `type` to `target`: component ownedBy group. `line`: where the spec says so (0: derived)."""

    source: EntityRef
    type: str
    target: EntityRef
    line: int = 0


IDENTITY_CODES = frozenset(("entity-metadata", "entity-kind", "entity-name", "entity-namespace"))
"""Problems that leave an entity without an identity: it is told, listed as found, and never scored or referred to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A catalog entity as found. `document` is the whole descriptor, JSON-ready, in Backstage's spelling.

    `repository` (canonical URL), `path` and `line` are where it was found, all empty when only a catalog told of it.
    `root` is the folder that is the entity's own (`""` is the repository's root). `ignored` says why it never counts.
    """

    ref: EntityRef
    kind: str
    name: str
    namespace: str
    document: Mapping[str, Any]
    repository: str = ""
    path: str = ""
    line: int = 0
    root: str = ""
    source_location: str = ""
    managed_by_location: str = ""
    provider: str = ""
    etag: str = ""
    provisional: bool = False
    orphan: bool = False
    ignored: str = ""
    problems: tuple[Problem, ...] = ()
    relations: tuple[Relation, ...] = ()
    """Outgoing relations: from the spec, or as the catalog told (then authoritative)."""

    @property
    def valid(self) -> bool:
        return not self.problems

    @property
    def identified(self) -> bool:
        """Kind, namespace and name are such that the reference can be written down by others: else it is no entity."""
        return self.provisional or not any(problem.code in IDENTITY_CODES for problem in self.problems)

    @property
    def metadata(self) -> Mapping[str, Any]:
        value = self.document.get("metadata")
        return value if isinstance(value, Mapping) else {}

    @property
    def spec(self) -> Mapping[str, Any]:
        value = self.document.get("spec")
        return value if isinstance(value, Mapping) else {}

    def _texts(self, key: str) -> dict[str, str]:
        value = self.metadata.get(key)
        return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, Mapping) else {}

    @property
    def annotations(self) -> dict[str, str]:
        return self._texts("annotations")

    @property
    def labels(self) -> dict[str, str]:
        return self._texts("labels")

    @property
    def tags(self) -> list[str]:
        value = self.metadata.get("tags")
        return [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else []

    def spec_text(self, key: str) -> str:
        value = self.spec.get(key)
        return value if isinstance(value, str) else ""

    @property
    def title(self) -> str:
        value = self.metadata.get("title")
        return value if isinstance(value, str) and value else self.name


INVERSE = {
    "ownedBy": "ownerOf",
    "providesApi": "apiProvidedBy",
    "consumesApi": "apiConsumedBy",
    "dependsOn": "dependencyOf",
    "parentOf": "childOf",
    "memberOf": "hasMember",
    "partOf": "hasPart",
}
INVERSE.update({inverse: name for name, inverse in list(INVERSE.items())})


@dataclass(slots=True)
class Catalog:
    """All entities known at one moment, with relations in both directions. Built once, then only read."""

    entities: Mapping[EntityRef, Entity] = field(default_factory=dict)
    _kinds: frozenset[str] = frozenset()
    _related: dict[tuple[EntityRef, str], dict[EntityRef, None]] = field(default_factory=dict)

    @classmethod
    def of(cls, entities: Iterable[Entity]) -> Catalog:
        """What is ignored or has no valid identity is left out; of two with one ref the first wins."""
        known: dict[EntityRef, Entity] = {}
        for entity in entities:
            if not entity.ignored and entity.identified:
                known.setdefault(entity.ref, entity)
        catalog = Catalog(known, frozenset(ref.kind for ref in known))
        stated = [relation for entity in catalog.entities.values() for relation in entity.relations]
        for relation in stated:
            catalog._relate(relation.source, relation.type, relation.target)
        for relation in stated:  # after all that entities say of themselves, which comes first
            if relation.type in INVERSE:
                catalog._relate(relation.target, INVERSE[relation.type], relation.source)
        return catalog

    def _relate(self, source: EntityRef, type_: str, target: EntityRef) -> None:
        self._related.setdefault((source, type_), {})[target] = None

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of which an entity is known."""
        return self._kinds

    def get(self, ref: EntityRef) -> Entity | None:
        return self.entities.get(ref)

    def known(self, refs: Iterable[EntityRef]) -> list[Entity]:
        """Those of them that are known, in their order."""
        return [entity for ref in refs if (entity := self.get(ref)) is not None]

    def of_kind(self, kind: str) -> list[EntityRef]:
        """References of one kind, in the catalog's order."""
        return [ref for ref in self.entities if ref.kind == kind]

    def related(self, ref: EntityRef, type_: str) -> tuple[EntityRef, ...]:
        """Targets of one relation type, in the order found; targets may dangle."""
        return tuple(self._related.get((ref, type_), ()))

    def owner(self, ref: EntityRef) -> EntityRef | None:
        owners = self.related(ref, "ownedBy")
        return owners[0] if owners else None

    def group_tree(self, ref: EntityRef) -> tuple[EntityRef, ...]:
        """A group and all groups below it, each once, safe against cycles."""
        seen: dict[EntityRef, None] = {ref: None}
        queue = [ref]
        while queue:
            for child in self.related(queue.pop(), "parentOf"):
                if child not in seen:
                    seen[child] = None
                    queue.append(child)
        return tuple(seen)

    def dangling(self) -> list[Relation]:
        """Relations whose target is not known."""
        return [r for e in self.entities.values() for r in e.relations if r.target not in self.entities]
