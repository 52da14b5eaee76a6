"""All entities of one repository: found by content, Locations followed, placeholders filled, duplicates told."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.catalog import descriptor
from app.catalog.files import Files
from app.catalog.model import Entity, EntityRef
from app.catalog.placeholders import fill
from app.catalog.targets import problems_of_targets
from app.lib.documents import Document
from app.lib.problems import Problem

_SKELETON_FILE = re.compile(r"\{%-?\s|\$\{\{\s*(values|parameters)\.|\{\{\s*cookiecutter\.")


@dataclass(frozen=True, slots=True)
class DescriptorReading:
    """Every entity, ignored ones included, and every problem, those of entities included."""

    entities: tuple[Entity, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_repository_entities(found: Mapping[str, Iterable[Document]], files: Files) -> DescriptorReading:
    """Reads the documents of every file that may hold entities. `found`: path → its YAML or JSON documents."""
    skeletons = _skeleton_folders(found)
    holding = {
        path for path, read in found.items() if any(one.error or descriptor.recognises(one.value) for one in read)
    }
    entities: list[Entity] = []
    problems: list[Problem] = []
    for path in sorted(found):
        reason = files.ignored(path) or ("is part of a template" if _under(path, skeletons) else "")
        for document in found[path]:
            if document.error is not None:
                problems += _broken(path, document, files, reason)
            elif descriptor.recognises(document.value):
                filled, wrong = fill(document.value, path, files)
                entity = descriptor.read_entity(filled, path, files.repository, ignored=reason)
                entities.append(entity if entity.ignored else replace(entity, problems=(*entity.problems, *wrong)))
                if entity.kind.lower() == "location" and not entity.ignored:
                    problems += problems_of_targets(filled.get("spec"), path, files, holding)
    entities, duplicates = _unique(entities)
    problems += [problem for entity in entities for problem in entity.problems]
    return DescriptorReading(tuple(entities), tuple(sorted({*problems, *duplicates})))


def _broken(path: str, document: Document, files: Files, reason: str) -> list[Problem]:
    """A file that is a skeleton is no error; one that is ignored anyway is none either."""
    assert document.error is not None
    text = files.text(path) or ""
    if reason or _SKELETON_FILE.search(text):
        return []
    return [Problem(path, document.error.line, document.error.code, f"can't be read: {document.error.message}")]


def _skeleton_folders(found: Mapping[str, Iterable[Document]]) -> set[str]:
    """Folders that a Template's fetch steps fill in."""
    folders = set()
    for path, loaded in found.items():
        for document in loaded:
            value = document.value
            if not descriptor.recognises(value) or str(value.get("kind")) != "Template":
                continue
            spec = value.get("spec")
            steps = spec.get("steps") if isinstance(spec, dict) else None
            for step in steps if isinstance(steps, list) else ():
                given = step.get("input") if isinstance(step, dict) else None
                url = given.get("url") if isinstance(given, dict) else None
                if isinstance(url, str) and "://" not in url and "${{" not in url:
                    folders.add(posixpath.normpath(posixpath.join(posixpath.dirname(path), url)))
    return folders - {"."}


def _under(path: str, folders: set[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _unique(entities: list[Entity]) -> tuple[list[Entity], list[Problem]]:
    """A second entity of the same reference is ignored, and told with the place of the first."""
    first: dict[EntityRef, Entity] = {}
    kept, problems = [], []
    for entity in entities:
        counts = entity.identified and not entity.ignored
        earlier = first.get(entity.ref) if counts else None
        if earlier is None:
            if counts:
                first[entity.ref] = entity
            kept.append(entity)
            continue
        message = f"{entity.ref} is already defined in {earlier.path}:{earlier.line}"
        problems.append(Problem(entity.path, entity.line, "entity-duplicate", message))
        kept.append(replace(entity, ignored=message, problems=()))
    return kept, problems
