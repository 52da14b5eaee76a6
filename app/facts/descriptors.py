"""The catalog entities of a snapshot: hands every file that speaks of Backstage to the catalog's reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.catalog.files import Files
from app.catalog.model import Entity
from app.catalog.provisional import Holds, provisional_entity
from app.catalog.repository import read_repository_entities
from app.formats import ignoring
from app.lib import documents
from app.lib.problems import Problem
from app.repos.model import Snapshot

_NOTHING = Holds()
_SIGNS = (b"backstage.io/",)
_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What the descriptors of one snapshot say."""

    entities: tuple[Entity, ...] = ()
    problems: tuple[Problem, ...] = ()
    unreadable: tuple[Problem, ...] = ()
    """Those of the problems that keep a file, or part of it, from being read at all."""


def mentions_backstage(data: bytes) -> bool:
    """Whether a file may hold entities: cheap, and never wrong about one that does."""
    return any(sign in data for sign in _SIGNS)


def read_descriptors(files: Mapping[str, bytes], *, snapshot: Snapshot, holds: Holds = _NOTHING) -> Descriptors:
    """Every entity of the snapshot; one provisional component where no descriptor names one.

    An entity with a fault stands for its repository all the same: two at one place would leave its evidence to neither.
    The made-up one carries what is wrong with those that could not be named. `holds` helps to guess what it is.
    """
    entries = {entry.path: entry for entry in snapshot.entries() if entry.is_named}

    def text(path: str) -> str | None:
        """A file's text: of those at hand, or fetched for a placeholder."""
        data = files.get(path)
        if data is None and path in entries:
            data = snapshot.read([entries[path]]).get(path)
        return None if data is None else data.decode("utf-8", "replace")

    loaded = {path: documents.load_all(data) for path, data in files.items() if path.lower().endswith(_ENDINGS)}
    place = Files(snapshot.url, frozenset(entries), text, ignoring.reason)
    found = read_repository_entities(loaded, place)
    entities = found.entities
    if not any(entity.identified and not entity.ignored for entity in entities):
        nameless = [problem for entity in entities if not entity.identified for problem in entity.problems]
        made_up = provisional_entity(snapshot.url, place.paths, holds)
        entities = (*entities, replace(made_up, problems=tuple(nameless)))
    broken = {(path, doc.error.line) for path, docs in loaded.items() for doc in docs if doc.error is not None}
    return Descriptors(entities, found.problems, tuple(p for p in found.problems if (p.path, p.line) in broken))
