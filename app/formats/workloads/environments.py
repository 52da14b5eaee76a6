"""Which of several renderings of the same object is the one that serves users.

A repository holds an overlay, a values file or a folder for each stage. Where one of them is named for production the
others are shown and don't count; where none is, those named for a lesser stage don't count beside the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from app.formats.stages import is_lesser, is_production, neutral
from app.formats.workloads.resource import Resource


def chosen(resources: Iterable[Resource]) -> list[Resource]:
    """The same resources; those that stand for another stage than the one judged say so in `ignored`."""
    groups: dict[tuple[str, ...], list[Resource]] = defaultdict(list)
    for one in resources:
        groups[_same(one)].append(one)
    return [resource for group in groups.values() for resource in _told(group)]


def _same(one: Resource) -> tuple[str, ...]:
    """What makes two renderings the same object: the file they are made of, or a name in folders that differ in the
    stage alone."""
    if one.environment:
        return one.kind, one.path, str(one.line)
    return one.kind, one.original, neutral(one.path.rpartition("/")[0])


def _told(group: list[Resource]) -> list[Resource]:
    place = {id(one): one.environment or one.path.rpartition("/")[0] for one in group}
    production = [one for one in group if is_production(place[id(one)])]
    kept = production or [one for one in group if not is_lesser(place[id(one)])]
    if not kept or len(kept) == len(group):
        return group
    reason = f"is for another stage; {place[id(kept[0])] or 'the one at the root'} is judged"
    keep = {id(one) for one in kept}
    return [one if id(one) in keep or one.ignored else replace(one, ignored=reason) for one in group]
