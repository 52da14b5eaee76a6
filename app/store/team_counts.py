"""Counts of each owner's entities, made beforehand: what is to be counted again, and how the counts are replaced.

`pipeline/tally.py` counts; a save that changed anything `touch`es the owner in its own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, func, select

from app.store.engine import Database
from app.store.sql import chunks, insert, next_numbers, number, remove, upsert
from app.store.tables import entities, outcomes, results
from app.store.team_tables import distances, tallies, touched, trends

_COUNTED = "tallies"
EVERYONE = "*"
"""The owner under whom the trend of all entities is kept."""


@dataclass(frozen=True, slots=True)
class Stood:
    """How one entity stands on one scorecard: its level, and the outcome of each check."""

    entity: str
    scorecard: str
    level: str
    meets_target: bool | None
    outcomes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Count:
    """One number. `kind` `level`: name is a level, outcome `on`, `below` or `` (no target). `area` and `check`: name is
    one, outcome as judged. `step` and `alone`: a check that stands (alone) before the level in `outcome`."""

    scorecard: str
    kind: str
    name: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class Distance:
    """What is between an entity and its next level: failing checks, those not seen, and the effort of the former."""

    entity: str
    scorecard: str
    next_level: str
    failing: int
    unseen: int
    effort_seconds: int
    check: str


class TeamCounts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def touched(self, limit: int = 100) -> dict[str, list[int]]:
        """Owners to be counted again, longest waiting first → the marks to give back to `save`."""
        found: dict[str, list[int]] = {}
        with self._database.read() as connection:
            first = select(touched.c.owner, func.min(touched.c.id)).group_by(touched.c.owner)
            owners = [row.owner for row in connection.execute(first.order_by(func.min(touched.c.id)).limit(limit))]
            for chunk in chunks(owners):
                for row in connection.execute(select(touched).where(touched.c.owner.in_(chunk))):
                    found.setdefault(row.owner, []).append(row.id)
        return {owner: found[owner] for owner in owners}

    def waiting(self) -> int:
        """How many owners are to be counted again."""
        with self._database.read() as connection:
            return connection.execute(select(func.count(touched.c.owner.distinct()))).scalar_one()

    def stood(self, owner: str) -> tuple[int, list[Stood]]:
        """How the living entities of exactly this owner stand now, and the number that `save` wants to see again."""
        living = (entities.c.owner == owner, entities.c.orphaned_at.is_(None))
        at = results.c
        columns = (at.entity, at.scorecard, at.level, at.meets_target)
        join = entities.join(results, at.entity == entities.c.ref)
        found: list[Stood] = []
        with self._database.read() as connection:
            seen = number(connection, _COUNTED)
            rows = connection.execute(select(*columns).select_from(join).where(*living)).all()
            judged = _outcomes(connection, (row.entity for row in rows))
            for row in rows:
                checks = judged.get((row.entity, row.scorecard), {})
                found.append(Stood(row.entity, row.scorecard, row.level, row.meets_target, checks))
        return seen, found

    def save(
        self, owner: str, seen: int, marks: Sequence[int], counts: Iterable[Count], near: Iterable[Distance]
    ) -> bool:
        """Replaces an owner's counts. False, and nothing done, when anyone saved counts since `seen`."""
        with self._database.write() as connection:
            if next_numbers(connection, _COUNTED) != seen + 1:
                return False
            connection.execute(delete(tallies).where(tallies.c.owner == owner))
            connection.execute(delete(distances).where(distances.c.owner == owner))
            insert(connection, tallies, [{"owner": owner, **_fields(one)} for one in counts])
            upsert(connection, distances, [{**_fields(one), "owner": owner} for one in near])
            remove(connection, touched, "id", marks)
        return True

    def save_trend(self, group: str, owners: Sequence[str] | None, day: date) -> None:
        """Keeps how a group (its `owners`; None: everyone) stands on this day, on each scorecard."""
        at = tallies.c
        query = select(at.scorecard, at.name, at.outcome, func.sum(at.count).label("found")).where(at.kind == "level")
        if owners is not None:
            query = query.where(at.owner.in_(owners))
        query = query.group_by(at.scorecard, at.name, at.outcome).order_by(at.scorecard)
        with self._database.write() as connection:
            rows = connection.execute(query).all()
            points = [
                {"owner": group, "scorecard": card, "day": day.isoformat(), "body": _point(list(found))}
                for card, found in groupby(rows, key=lambda row: row.scorecard)
            ]
            upsert(connection, trends, points)


def touch(connection: Connection, owners: Iterable[str]) -> None:
    """Within a transaction that changed how entities of these owners stand: they are to be counted again."""
    insert(connection, touched, [{"owner": owner} for owner in sorted(set(owners))])


def _fields(one: Count | Distance) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


def _point(rows: Sequence[Any]) -> dict[str, object]:
    levels: dict[str, int] = {}
    held = {"on": 0, "below": 0, "": 0}
    for _, level, outcome, found in rows:
        levels[level] = levels.get(level, 0) + int(found)
        held[outcome] = held.get(outcome, 0) + int(found)
    return {"levels": levels, "on_target": held["on"], "with_target": held["on"] + held["below"]}


def _outcomes(connection: Connection, refs: Iterable[str]) -> dict[tuple[str, str], dict[str, str]]:
    at = outcomes.c
    found: dict[tuple[str, str], dict[str, str]] = {}
    for chunk in chunks(dict.fromkeys(refs)):
        query = select(at.entity, at.scorecard, at.check, at.outcome).where(at.entity.in_(chunk))
        for row in connection.execute(query):
            found.setdefault((row.entity, row.scorecard), {})[row.check] = row.outcome
    return found
