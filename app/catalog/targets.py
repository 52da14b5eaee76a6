"""Targets of Locations: which files of this repository they name, and whether these hold entities at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

from app.catalog.files import Files, inside
from app.lib.documents import line_of
from app.lib.problems import Problem

_WILDCARD = re.compile(r"[*?\[]")


def problems_of_targets(spec: Any, path: str, files: Files, holding: Collection[str]) -> Iterable[Problem]:
    """Targets of a Location that match nothing here, or nothing that is an entity. What they match is read anyway.

    `holding`: the files of this repository that hold entities, or what keeps them from being read.
    """
    if not isinstance(spec, dict):
        return
    listed = spec.get("targets")
    targets = [(one, line_of(listed, index)) for index, one in enumerate(listed if isinstance(listed, list) else ())]
    if "target" in spec:
        targets.append((spec["target"], line_of(spec, "target")))
    for target, line in targets:
        wrong = _wrong(target, path, files, holding, optional=spec.get("presence") == "optional")
        if wrong:
            yield Problem(path, line, "location-target", wrong)


def _wrong(target: Any, path: str, files: Files, holding: Collection[str], *, optional: bool) -> str:
    if not isinstance(target, str):
        return "a target of a Location must be text"
    place = inside(target, path, files.repository)
    if place is None:
        return "" if "://" in target else f"target {target} matches no file of this repository"
    matched = list(_matched(place, files.paths))
    if not matched:
        return "" if optional else f"target {target} matches no file of this repository"
    if any(one in holding or files.ignored(one) for one in matched):
        return ""
    return f"target {target} matches {matched[0]}, which holds no entity (a list of entities is none)"


def _matched(pattern: str, paths: frozenset[str]) -> Iterable[str]:
    """The files that a path names, or one with `*` and `?` within a folder and `**` across folders. Sorted."""
    if pattern in paths:
        return [pattern]
    if not _WILDCARD.search(pattern):
        return []
    head = _WILDCARD.split(pattern, maxsplit=1)[0].rpartition("/")[0]
    parts = tuple(pattern.split("/"))
    return sorted(path for path in paths if path.startswith(head) and _matches(parts, path.split("/")))


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
