"""Counts of teams' entities, made beforehand: what is to be counted again, and how the counts are replaced.

`pipeline/tally.py` counts; a save that changed anything `touch`es the owner in its own transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, func, select

from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.sql import add, chunks, insert, next_numbers, number, remove, set_number, upsert
from app.store.tables import entities, outcomes, results
from app.store.team_tables import standings, sums, tallies, touched, trends

_COUNTED, _HIERARCHY = "tallies", "hierarchy"
EVERYONE = "*"
"""The owner under whom the sums and the trend of all entities are kept."""
STRANGERS = "?"
"""The same for what belongs to someone who is no known group: a person, or a team that the catalog doesn't have."""
Above = Callable[[str], Iterable[str]]
"""Owner → the groups whose sums it is part of: itself, those above it, everyone."""
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Stood:
    """How one entity stands on one scorecard. `row`: its columns of `standings` as far as they need no policy."""

    entity: str
    scorecard: str
    level: str
    held: str
    outcomes: Mapping[str, str]
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Count:
    """One number. `kind` `level`: name is a level, outcome `on`, `below` or `` (no target). `area` and `check`: name is
    one, outcome as judged. `step` and `alone`: a check that stands (alone) before the level in `outcome`. `serves` and
    `lifts`: the same before the goal in `outcome` (next, target) on any scorecard, which is then ""."""

    scorecard: str
    kind: str
    name: str
    outcome: str
    count: int

    @property
    def key(self) -> Key:
        return self.scorecard, self.kind, self.name, self.outcome


@dataclass(frozen=True, slots=True)
class Distance:
    """What is between an entity and its next level: failing checks, those not seen, and the effort of the former."""

    next_level: str
    failing: int
    unseen: int
    effort_seconds: int
    check: str


class TeamCounts:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

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
            query = select(func.count(touched.c.owner.distinct())).where(*self._sight.owned_by(touched.c.owner))
            return connection.execute(query).scalar_one()

    def stood(self, owner: str) -> tuple[int, list[Stood]]:
        """How the living entities of exactly this owner stand now, and the number that `save` wants to see again."""
        with self._database.read() as connection:
            seen = number(connection, _COUNTED)
            rows = connection.execute(_standing_now(owner)).mappings().all()
            judged = _outcomes(connection, (row["entity"] for row in rows))
        return seen, [_stood(dict(row), judged.get((row["entity"], row["scorecard"]), {})) for row in rows]

    def save(
        self,
        owner: str,
        seen: int,
        marks: Sequence[int],
        counts: Iterable[Count],
        lines: Iterable[tuple[Stood, Distance]],
        above: Above,
    ) -> bool:
        """Replaces an owner's counts and lines, and moves the sums it is part of. False, and nothing done, when anyone
        saved counts since `seen`."""
        now = Counter({one.key: one.count for one in counts})
        with self._database.write() as connection:
            if next_numbers(connection, _COUNTED) != seen + 1:
                return False
            before = Counter({tuple(row[:4]): row[4] for row in connection.execute(_own(owner))})
            connection.execute(delete(tallies).where(tallies.c.owner == owner))
            insert(connection, tallies, _rows(owner, now))
            now.subtract(before)
            for group in above(owner):
                add(connection, sums, "count", _rows(group, {key: n for key, n in now.items() if n}))
                connection.execute(delete(sums).where(sums.c.owner == group, sums.c.count <= 0))
            connection.execute(delete(standings).where(standings.c.owner == owner))
            upsert(connection, standings, [_line(owner, stood, distance) for stood, distance in lines])
            remove(connection, touched, "id", marks)
        return True

    def follow(self, hierarchy: int, above: Above) -> bool:
        """Makes all sums anew when groups stand above each other in another way than last time. Whether they did."""
        with self._database.read() as connection:
            if number(connection, _HIERARCHY) == hierarchy:
                return False
        with self._database.write() as connection:
            next_numbers(connection, _COUNTED)
            made: dict[str, Counter[Key]] = {}
            for row in connection.execute(select(tallies)):
                for group in above(row.owner):
                    made.setdefault(group, Counter())[tuple(row[1:5])] += row[5]
            connection.execute(delete(sums))
            for group, counted in made.items():
                insert(connection, sums, _rows(group, counted))
            set_number(connection, _HIERARCHY, hierarchy)
        return True

    def save_trends(self, groups: Iterable[str], day: date) -> None:
        """Keeps how each group, with all below it, stands on this day on each scorecard."""
        at = sums.c
        columns = (at.owner, at.scorecard, at.name, at.outcome, at.count)
        with self._database.write() as connection:
            for chunk in chunks(groups):
                query = select(*columns).where(at.owner.in_(chunk), at.kind == "level")
                rows = connection.execute(query.order_by(at.owner, at.scorecard)).all()
                points = [
                    {"owner": owner, "scorecard": card, "day": day.isoformat(), "body": _point(list(found))}
                    for (owner, card), found in groupby(rows, key=lambda row: (row.owner, row.scorecard))
                ]
                upsert(connection, trends, points)


def touch(connection: Connection, owners: Iterable[str]) -> None:
    """Within a transaction that changed how entities of these owners stand: they are to be counted again."""
    insert(connection, touched, [{"owner": owner} for owner in sorted(set(owners))])


def _own(owner: str) -> Any:
    at = tallies.c
    return select(at.scorecard, at.kind, at.name, at.outcome, at.count).where(at.owner == owner)


def _rows(owner: str, counted: Mapping[Key, int]) -> list[dict[str, object]]:
    return [
        {"owner": owner, "scorecard": card, "kind": kind, "name": name, "outcome": outcome, "count": found}
        for (card, kind, name, outcome), found in counted.items()
    ]


def _standing_now(owner: str) -> Any:
    at, of = results.c, entities.c
    held = (at.level, at.level_rank, at.target_level, at.meets_target)
    judged = (at.entity, at.scorecard, *held, at.score, at.coverage, at.as_of)
    known = (of.owner, of.name, of.title, of.kind, of.type, of.lifecycle, of.tier, of.system, of.provisional)
    join = entities.join(results, at.entity == of.ref)
    return select(*judged, *known).select_from(join).where(of.owner == owner, of.orphaned_at.is_(None))


def _stood(row: dict[str, Any], judged: Mapping[str, str]) -> Stood:
    name, title = row.pop("name"), row["title"]
    held = {True: "on", False: "below", None: ""}[row.pop("meets_target")]
    search = name.lower() if title.lower() == name.lower() else f"{name} {title}".lower()
    line = {**row, "held": held, "search": search}
    return Stood(row["entity"], row["scorecard"], row["level"], held, judged, line)


def _line(owner: str, stood: Stood, distance: Distance) -> dict[str, Any]:
    return {**stood.row, "owner": owner, **{name: getattr(distance, name) for name in Distance.__slots__}}


def _point(rows: Sequence[Any]) -> dict[str, object]:
    levels: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for _, _, level, outcome, found in rows:
        levels[level] += found
        held[outcome] += found
    return {"levels": dict(levels), "on_target": held["on"], "with_target": held["on"] + held["below"]}


def _outcomes(connection: Connection, refs: Iterable[str]) -> dict[tuple[str, str], dict[str, str]]:
    at = outcomes.c
    found: dict[tuple[str, str], dict[str, str]] = {}
    for chunk in chunks(dict.fromkeys(refs)):
        query = select(at.entity, at.scorecard, at.check, at.outcome).where(at.entity.in_(chunk))
        for entity, scorecard, check, outcome in connection.execute(query):
            found.setdefault((entity, scorecard), {})[check] = outcome
    return found
