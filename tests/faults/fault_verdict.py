"""What became of it: the store against the truth of the repositories, read anew into a store of its own."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_town import SECRET, Town
from sqlalchemy import or_, select

from app.pipeline.crawl import crawl
from app.services import build, utc_now
from app.settings import load
from app.store.declared import CATALOG_VERSION
from app.store.store import Store
from app.store.tables import (
    changes,
    counters,
    entities,
    fact_sets,
    object_entities,
    objects,
    outcomes,
    problems,
    reads,
    repositories,
    results,
    unreadable,
)
from app.store.team_tables import standings, sums, tallies

State = dict[tuple[str, ...], str]
"""(what, whose, …) → value: everything that must be the same however it came about."""


@dataclass
class Row:
    """One line of the table. `lost`: repositories whose score is not that of their head; `twice`: changes told twice,
    never, or not following from the one before; `torn`: rows that no whole reading of the repositories would leave."""

    scenario: str
    pushes: int
    scored: int = 0
    lost: int = 0
    twice: int = 0
    torn: int = 0
    longest: float = 0.0
    notes: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        numbers = (self.pushes, self.scored, self.lost, self.twice, self.torn)
        return [self.scenario, *map(str, numbers), f"{self.longest:.1f}", "; ".join(self.notes)]


HEAD = ["scenario", "pushes", "scored", "lost", "told twice or never", "half-written", "longest to fresh, s", "notes"]


def tips(store: Store) -> dict[str, str]:
    with store.database.read() as connection:
        rows = connection.execute(select(repositories.c.url, repositories.c.tip)).all()
    return {row.url: row.tip for row in rows}


def state_of(store: Store) -> State:
    """All that is derived from repositories, by its natural keys; ids, instants and counters left out."""
    found: State = {}
    with store.database.read() as connection:
        for row in connection.execute(select(repositories.c.url, repositories.c.tip, repositories.c.branch)):
            found["repository", row.url] = f"{row.tip} {row.branch}"
        for row in connection.execute(
            select(entities.c.ref, entities.c.digest).where(entities.c.orphaned_at.is_(None))
        ):
            found["entity", row.ref] = row.digest
        owners: dict[int, list[str]] = defaultdict(list)
        for row in connection.execute(select(object_entities)):
            owners[row.object_id].append(row.ref)
        held: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for row in connection.execute(select(objects)):
            text = f"{row.line} {row.digest} {row.ignored} {sorted(owners.pop(row.id, []))} {row.why}"
            held["object", row.repository, row.path, row.kind].append(text)
        for row in connection.execute(select(unreadable)):
            held["unreadable", row.repository, row.path, row.group].append(f"{row.line} {row.reason} {row.ref}")
        for row in connection.execute(select(problems)):
            held["problem", row.repository, row.path].append(f"{row.line} {row.code} {row.message}")
        for owner in owners:
            held["owner of nothing", str(owner)].append("")
        for row in connection.execute(select(fact_sets)):
            held["facts", row.entity, row.retriever].append(row.digest)
        for row in connection.execute(select(reads)):
            held["reads", row.entity].append(f"{row.repository} {row.path}")
        for row in connection.execute(select(results)):
            held["result", row.entity, row.scorecard].append(_lasting(row.body))
        for row in connection.execute(select(outcomes)):
            held["outcome", row.entity, row.scorecard, row.check].append(row.outcome)
        for table in (tallies, sums):
            for row in connection.execute(select(table)):
                held[table.name, row.owner, row.scorecard, row.kind, row.name, row.outcome].append(str(row.count))
        for row in connection.execute(select(standings.c.entity, standings.c.scorecard, standings.c.level)):
            held["standing", row.entity, row.scorecard].append(row.level)
    return found | {key: "\n".join(sorted(texts)) for key, texts in held.items()}


def _lasting(body: bytes) -> str:
    """A result without the moment of looking."""
    return json.dumps({key: value for key, value in json.loads(body).items() if key != "as_of"}, sort_keys=True)


def truth_of(town: Town, folder: Path) -> State:
    """A crawl from nothing, into a store of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roadworthy.yaml").write_text(town.settings("mirrors: {concurrency: 4}"), "utf-8")
    pipeline = build(load(folder / "roadworthy.yaml", {"TOWN_SECRET": SECRET}))
    try:
        done = crawl(pipeline, concurrency=4)
        assert not done.failures, done.failures
        return state_of(pipeline.store)
    finally:
        pipeline.store.close()
        pipeline.git.close()


def compare(found: State, truth: State) -> list[str]:
    """What differs, in lines a person can read."""
    lines = []
    for key in sorted({*found, *truth}):
        if found.get(key) != truth.get(key):
            name = " ".join(key)
            lines.append(f"{name}:\n    found {_short(found.get(key))}\n    truth {_short(truth.get(key))}")
    return lines


def _short(text: str | None) -> str:
    return "nothing" if text is None else text.replace("\n", " | ")[:400]


def is_attributed(store: Store) -> bool:
    """Whether objects were given to their owners since the catalog last changed; until then more is to be judged."""
    with store.database.read() as connection:
        numbers = {row.name: row.value for row in connection.execute(select(counters.c.name, counters.c.value))}
    done = [value for name, value in numbers.items() if name.startswith("attributed")]
    return done == [numbers.get(CATALOG_VERSION, 0)]


def outcomes_of(store: Store) -> dict[tuple[str, str, str], str]:
    """(entity, scorecard, check or "level") → as it stands."""
    found: dict[tuple[str, str, str], str] = {}
    with store.database.read() as connection:
        for row in connection.execute(select(outcomes)):
            found[row.entity, row.scorecard, row.check] = row.outcome
        for row in connection.execute(select(results.c.entity, results.c.scorecard, results.c.level)):
            found[row.entity, row.scorecard, "level"] = row.level
    return found


def mistold(store: Store, before: dict[tuple[str, str, str], str], after_cursor: int) -> list[str]:
    """Changes that don't follow from the one before (told twice, or one missing), and turns that were never told.

    A check is told only when it begins or stops to fail.
    """
    wrong: list[str] = []
    last = dict(before)
    with store.database.read() as connection:
        rows = connection.execute(
            select(changes).where(changes.c.cursor > after_cursor).order_by(changes.c.cursor)
        ).all()
    numbers = [row.cursor for row in rows]
    if numbers != list(range(after_cursor + 1, after_cursor + 1 + len(numbers))):
        wrong.append("the cursors of changes have gaps")
    for row in rows:
        name = "level" if row.what == "level" else row.detail["check"]
        key = (row.entity, row.scorecard, name)
        if _word(last.get(key), name) != _word(row.before, name):
            wrong.append(f"{key} is told to turn from {row.before} to {row.after}, but stood at {last.get(key)}")
        last[key] = row.after
    for key, now in outcomes_of(store).items():
        if _word(now, key[2]) != _word(last.get(key), key[2]):
            wrong.append(f"{key} stands at {now}, but {last.get(key)} was told last")
    return wrong


def _word(value: Any, name: str) -> str:
    """Of checks only failing and not failing is told."""
    if name == "level":
        return str(value)
    return "fail" if value == "fail" else "other"


def waiting(store: Store, town: Town) -> list[str]:
    """What is not settled yet: heads not read, hints not done, refreshes running, entities due."""
    now = utc_now()
    heads = {town.server.url(name): commit for name, commit in town.heads.items()}
    found = []
    with store.database.read() as connection:
        at = repositories.c
        columns = (at.url, at.tip, at.hints, at.hints_done, at.lease_until, at.last_error)
        for row in connection.execute(select(*columns)):
            if row.tip != heads.get(row.url, row.tip):
                found.append(f"{row.url} was read at {row.tip[:8]}, its head is {heads[row.url][:8]}; {row.last_error}")
            elif row.hints > row.hints_done or (row.lease_until is not None and row.lease_until > now):
                found.append(f"{row.url} is asked for")
        of = entities.c
        due = select(of.ref).where(or_(of.judge_due_at <= now, of.why_due != 0), of.orphaned_at.is_(None))
        found += [f"{ref} is due" for ref in connection.execute(due).scalars()]
    return found
