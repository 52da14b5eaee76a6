"""What the last judging of an entity left, without its bodies: loaded for many entities in a few queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from app.store.sql import chunks
from app.store.tables import fact_sets, outcomes, reads, results
from app.store.tables_judging import judged_from

Place = tuple[str, str]
"""(repository, path)"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A stored result. `mark` says whether anything of its body but the time of looking is another."""

    level: str
    score: float | None
    coverage: float | None
    policy_version: str
    valid_until: datetime | None
    mark: str


@dataclass(slots=True)
class LastJudging:
    """`results` by scorecard, `outcomes` by (scorecard, check), `facts` by retriever: (digest, expires at).

    `inputs`: a fingerprint of what it was judged from at `judged_at`, "" when it never was; it says the same until
    `steady_until`.
    """

    results: dict[str, Earlier] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    facts: dict[str, tuple[str, datetime | None]] = field(default_factory=dict)
    reads: set[Place] = field(default_factory=set)
    inputs: str = ""
    judged_at: datetime | None = None
    steady_until: datetime | None = None


def load(connection: Connection, entities: Iterable[str]) -> dict[str, LastJudging]:
    """By reference; an entity that was never judged has an empty one."""
    found = {ref: LastJudging() for ref in entities}
    for chunk in chunks(found):
        for loader in (_results, _outcomes, _facts, _reads, _inputs):
            loader(connection, chunk, found)
    return found


def _results(connection: Connection, chunk: list[str], found: dict[str, LastJudging]) -> None:
    at = results.c
    columns = (at.entity, at.scorecard, at.level, at.score, at.coverage, at.policy_version, at.valid_until)
    for row in connection.execute(select(*columns, at.digest, at.etag).where(at.entity.in_(chunk))):
        found[row.entity].results[row.scorecard] = Earlier(*row[2:7], mark=row.digest or row.etag)


def _outcomes(connection: Connection, chunk: list[str], found: dict[str, LastJudging]) -> None:
    at = outcomes.c
    query = select(at.entity, at.scorecard, at.check, at.outcome).where(at.entity.in_(chunk))
    for entity, scorecard, check, outcome in connection.execute(query):
        found[entity].outcomes[scorecard, check] = outcome


def _facts(connection: Connection, chunk: list[str], found: dict[str, LastJudging]) -> None:
    at = fact_sets.c
    query = select(at.entity, at.retriever, at.digest, at.expires_at).where(at.entity.in_(chunk))
    for entity, retriever, digest, expires_at in connection.execute(query):
        found[entity].facts[retriever] = (digest, expires_at)


def _reads(connection: Connection, chunk: list[str], found: dict[str, LastJudging]) -> None:
    at = reads.c
    for entity, *place in connection.execute(select(at.entity, at.repository, at.path).where(at.entity.in_(chunk))):
        found[entity].reads.add((place[0], place[1]))


def _inputs(connection: Connection, chunk: list[str], found: dict[str, LastJudging]) -> None:
    for row in connection.execute(select(judged_from).where(judged_from.c.entity.in_(chunk))):
        last = found[row.entity]
        last.inputs, last.judged_at, last.steady_until = row.inputs, row.judged_at, row.steady_until
