"""Which of several renderings of the same object is the one that serves users.

A repository holds an overlay, a values file or a folder for each stage. Where one of them is named for production the
others are shown and don't count; where none is, those named for a lesser stage don't count beside the rest. What exists
for a lesser stage alone (a database that production gets elsewhere) doesn't count where its place stands for another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from app.formats.stages import is_lesser, is_production, neutral, staged
from app.formats.workloads.resource import Resource


def chosen(resources: Iterable[Resource]) -> list[Resource]:
    """The same resources; those that stand for another stage than the one judged say so in `ignored`."""
    groups: dict[tuple[str, ...], list[Resource]] = defaultdict(list)
    for one in resources:
        groups[_same(one)].append(one)
    instead = _instead(groups.values())
    return [resource for group in groups.values() for resource in _told(group, instead)]


def _instead(groups: Collection[list[Resource]]) -> dict[str, str]:
    """Place of a lesser stage → the one that is judged in its stead: it renders the same, or differs in the stage
    alone; what lies below the stage (`production/eu`, `staging/base`) makes no difference."""
    places = {_place(one) for group in groups for one in group}
    production = {neutral(staged(place)): place for place in sorted(places, reverse=True) if is_production(place)}
    lesser = ((place, neutral(staged(place))) for place in places if is_lesser(place))
    found = {place: production[name] for place, name in lesser if name in production}
    for group in groups:
        for one in group:
            if is_lesser(_place(one)) and (kept := _kept(group)):
                found.setdefault(_place(one), _place(kept[0]))
    return found


def _place(one: Resource) -> str:
    return one.environment or one.path.rpartition("/")[0]


def _same(one: Resource) -> tuple[str, ...]:
    """What makes two renderings the same object: the file they are made of, or a name in folders that differ in the
    stage alone."""
    if one.environment:
        return one.kind, one.path, str(one.line)
    return one.kind, one.original, neutral(one.path.rpartition("/")[0])


def _kept(group: list[Resource]) -> list[Resource]:
    production = [one for one in group if is_production(_place(one))]
    return production or [one for one in group if not is_lesser(_place(one))]


def _told(group: list[Resource], instead: Mapping[str, str]) -> list[Resource]:
    kept = _kept(group)
    if len(kept) == len(group):
        return group
    keep = {id(one) for one in kept}
    return [one if id(one) in keep or one.ignored else _left_out(one, kept, instead) for one in group]


def _left_out(one: Resource, kept: list[Resource], instead: Mapping[str, str]) -> Resource:
    judged = _place(kept[0]) if kept else instead.get(_place(one))
    if judged is None:
        return one
    return replace(one, ignored=f"is for another stage; {judged or 'the one at the root'} is judged")
