"""All entities of one repository: found by content, Locations followed, placeholders filled, duplicates told."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from app.catalog import descriptor
from app.catalog.model import Entity, EntityRef
from app.lib import documents, forge_urls
from app.lib.documents import Document, line_of
from app.lib.problems import Problem

_MAX_INCLUDED = 1024 * 1024
_PLACEHOLDERS = ("$text", "$json", "$yaml", "$openapi", "$asyncapi")
_WILDCARD = re.compile(r"[*?\[]")
_SKELETON_FILE = re.compile(r"\{%-?\s|\$\{\{\s*(values|parameters)\.|\{\{\s*cookiecutter\.")


@dataclass(frozen=True, slots=True)
class DescriptorReading:
    """Every entity, ignored ones included, and every problem, those of entities included."""

    entities: tuple[Entity, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """What the reader may ask of the repository. `text` gives a small file's text, or None."""

    repository: str
    paths: frozenset[str]
    text: Callable[[str], str | None]
    ignored: Callable[[str], str]


def read_repository_entities(found: Mapping[str, Iterable[Document]], files: Files) -> DescriptorReading:
    """Reads the documents of every file that may hold entities. `found`: path → its YAML or JSON documents."""
    skeletons = _skeleton_folders(found)
    entities: list[Entity] = []
    problems: list[Problem] = []
    for path in sorted(found):
        reason = files.ignored(path) or ("is part of a template" if _under(path, skeletons) else "")
        for document in found[path]:
            if document.error is not None:
                problems += _broken(path, document, files, reason)
            elif descriptor.recognises(document.value):
                filled, wrong = _filled(document.value, path, files)
                entity = descriptor.read_entity(filled, path, files.repository, ignored=reason)
                entities.append(entity if entity.ignored else replace(entity, problems=(*entity.problems, *wrong)))
                if entity.kind.lower() == "location" and not entity.ignored:
                    problems += _missing_targets(filled.get("spec"), path, files)
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


def _filled(document: Mapping[str, Any], path: str, files: Files) -> tuple[Mapping[str, Any], list[Problem]]:
    """The document with `$text`, `$json` and `$yaml` placeholders of its spec filled from this repository."""
    spec = document.get("spec")
    if not isinstance(spec, documents.Mapping):
        return document, []
    problems: list[Problem] = []
    copy = documents.Mapping(spec.mark)
    copy.marks = dict(spec.marks)
    for key, value in spec.items():
        copy[key] = _value(value, path, files, problems, line_of(spec, key))
    outer = documents.Mapping(getattr(document, "mark", (1, 1)))
    outer.marks = dict(getattr(document, "marks", {}))
    outer.update(document)
    outer["spec"] = copy
    return outer, problems


def _value(value: Any, path: str, files: Files, problems: list[Problem], line: int) -> Any:
    name = next((key for key in _PLACEHOLDERS if isinstance(value, dict) and len(value) == 1 and key in value), "")
    if not name:
        return value
    target = value[name]
    place = _inside(target, path, files.repository) if isinstance(target, str) else None
    if place is None:
        if not isinstance(target, str) or not target.startswith(("http://", "https://")):
            problems.append(Problem(path, line, "placeholder", f"{name} must name a file of this repository"))
        return f"({name}: {target})"
    text = files.text(place) if place in files.paths else None
    if text is None:
        problems.append(
            Problem(path, line, "placeholder", f"{name} names {place}, which does not exist or can't be read")
        )
        return f"({name}: {target})"
    return text[:_MAX_INCLUDED]


def _inside(target: str, path: str, repository: str) -> str | None:
    """A target's path in this repository, or None when it lies elsewhere."""
    if "://" in target:
        place = forge_urls.split(target)
        return place.path if place and place.repository.lower() == repository.lower() else None
    joined = posixpath.normpath(
        posixpath.join(posixpath.dirname(path), target.lstrip("/") if target.startswith("/") else target)
    )
    return None if joined.startswith("..") else joined


def _missing_targets(spec: Any, path: str, files: Files) -> list[Problem]:
    """Targets of a Location that match nothing here. What they match is found by content anyway."""
    if not isinstance(spec, dict):
        return []
    listed = spec.get("targets")
    targets = [(one, line_of(listed, index)) for index, one in enumerate(listed if isinstance(listed, list) else ())]
    if "target" in spec:
        targets.append((spec["target"], line_of(spec, "target")))
    problems = []
    for target, line in targets:
        if not isinstance(target, str):
            problems.append(Problem(path, line, "location-target", "a target of a Location must be text"))
            continue
        place = _inside(target, path, files.repository)
        if place is None and "://" in target:
            continue
        if place is None or not (_exists(place, files.paths) or spec.get("presence") == "optional"):
            message = f"target {target} matches no file of this repository"
            problems.append(Problem(path, line, "location-target", message))
    return problems


def _exists(pattern: str, paths: frozenset[str]) -> bool:
    """Whether a path, or `*` and `?` within a folder and `**` across folders, matches a file."""
    if pattern in paths:
        return True
    if not _WILDCARD.search(pattern):
        return False
    head = _WILDCARD.split(pattern, maxsplit=1)[0].rpartition("/")[0]
    parts = tuple(pattern.split("/"))
    return any(path.startswith(head) and _matches(parts, path.split("/")) for path in paths)


def _matches(pattern: tuple[str, ...], parts: list[str]) -> bool:
    """Walks all readings at once: time grows with pattern times path, whatever a stranger writes."""
    states = _skipping(pattern, {0})
    for part in parts:
        stepped = (at if pattern[at] == "**" else at + 1 for at in states if _takes(pattern, at, part))
        states = _skipping(pattern, set(stepped))
    return len(pattern) in states


def _takes(pattern: tuple[str, ...], at: int, part: str) -> bool:
    return at < len(pattern) and (pattern[at] == "**" or fnmatchcase(part, pattern[at]))


def _skipping(pattern: tuple[str, ...], states: set[int]) -> set[int]:
    """The states, and those reached by letting a `**` stand for nothing."""
    for at in range(len(pattern)):
        if at in states and pattern[at] == "**":
            states.add(at + 1)
    return states
