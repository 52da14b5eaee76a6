"""Keeps what one judging found, in one transaction, writing only what is new; reads it back for the next one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from app.catalog.model import EntityRef
from app.errors import StaleError
from app.facts.model import FactSet
from app.store.changes import tell
from app.store.codec import digest, fact_set_body, fact_set_from, pack, unpack
from app.store.engine import Database
from app.store.model import HistoryRow, JudgementRows, OutcomeRow, ResultRow
from app.store.sight import EVERYTHING, Sight
from app.store.sql import Row, chunks, insert, remove, upsert
from app.store.tables import entities, fact_sets, history, outcomes, reads, repositories, results
from app.store.team_counts import touch

Place = tuple[str, str]
"""(repository, path)"""

_RESULT_FIELDS = tuple(column.name for column in results.c if column.name != "entity")


class Judgements:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def save(self, ref: EntityRef, generation: int, rows: JudgementRows, now: datetime) -> bool:
        """Keeps a judging made under a claim of `due`. Raises StaleError when the entity has moved on since.

        Returns whether anything was new; if not, only the entity's marks are written. Facts seen again unchanged keep
        their age, unless they can expire. The entity is next due at the first `valid_until`, or when facts expire.
        """
        entity = str(ref)
        with self._database.write() as connection:
            known = _stored_reads(connection, entity)
            _refuse_moved(connection, entity, rows, known)
            owner = _hold(connection, entity, generation)
            news = [
                _save_fact_sets(connection, entity, rows.fact_sets),
                _save_reads(connection, entity, rows.fact_sets, known),
                _save_results(connection, entity, rows.results),
                _save_outcomes(connection, entity, rows.outcomes, now),
            ]
            insert(connection, history, [_history_row(entity, row) for row in rows.history])
            tell(connection, rows.changes)
            _mark_judged(connection, entity, generation, rows, now)
            if any(news):
                touch(connection, [owner])
        return any(news) or bool(rows.history or rows.changes)

    def save_facts(self, ref: EntityRef, found: Iterable[FactSet]) -> None:
        """Keeps fact sets that came from outside a judging (pushed ones); the others stay."""
        with self._database.write() as connection:
            upsert(connection, fact_sets, [_fact_set_row(str(ref), facts) for facts in found])

    def facts(self, ref: EntityRef) -> list[FactSet]:
        """The last fact sets of an entity, by retriever."""
        meant = (fact_sets.c.entity == str(ref), *self._sight.of(fact_sets.c.entity))
        query = select(fact_sets).where(*meant).order_by(fact_sets.c.retriever)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [fact_set_from(row.retriever, unpack(row.body), row.collected_at, row.expires_at) for row in rows]

    def results(self, ref: EntityRef) -> list[ResultRow]:
        """The stored results of an entity, by scorecard."""
        meant = (results.c.entity == str(ref), *self._sight.of(results.c.entity))
        query = select(*(results.c[name] for name in _RESULT_FIELDS)).where(*meant)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(results.c.scorecard)).mappings().all()
        return [ResultRow(**row) for row in rows]

    def outcomes(self, ref: EntityRef) -> dict[tuple[str, str], tuple[str, datetime]]:
        """(scorecard, check) → (outcome, since when)."""
        query = select(outcomes).where(outcomes.c.entity == str(ref), *self._sight.of(outcomes.c.entity))
        with self._database.read() as connection:
            return {(row.scorecard, row.check): (row.outcome, row.since) for row in connection.execute(query)}


def _stored_reads(connection: Connection, entity: str) -> set[Place]:
    query = select(reads.c.repository, reads.c.path).where(reads.c.entity == entity)
    return {(row.repository, row.path) for row in connection.execute(query)}


def _refuse_moved(connection: Connection, entity: str, rows: JudgementRows, known: set[Place]) -> None:
    """Refuses facts of a place that was looked at for the first time, and whose repository has moved on since.

    A push makes due whom it finds among the readers; one that came between the look and this save did not find us.
    The rows stay locked until the end, so a push that comes now waits, and then finds us.
    """
    looks = [read for facts in rows.fact_sets for read in facts.reads if (read.repository, read.path) not in known]
    seen: dict[str, set[str]] = defaultdict(set)
    for look in looks:
        stood = look.commit or rows.tips.get(look.repository)
        if stood is not None:  # else the catalog told it, and a change of the catalog makes due by itself
            seen[look.repository].add(stood)
    for chunk in chunks(sorted(seen)):
        query = select(repositories.c.url, repositories.c.tip).where(repositories.c.url.in_(chunk))
        for row in connection.execute(query.order_by(repositories.c.url).with_for_update(read=True)):
            if seen[row.url] != {row.tip}:
                raise StaleError(f"saving the results of {entity}: {row.url} has been read again since")


def _hold(connection: Connection, entity: str, generation: int) -> str:
    """Locks the entity's row for a save made under `generation`; its owner."""
    at = entities.c
    query = select(at.generation, at.judged_generation, at.orphaned_at, at.owner)
    row = connection.execute(query.where(entities.c.ref == entity).with_for_update(key_share=True)).first()
    if row is None or row.orphaned_at is not None:
        raise StaleError(f"saving the results of {entity}: it is no longer in the catalog")
    if row.generation != generation or row.judged_generation >= generation:
        raise StaleError(f"saving the results of {entity}: what they were computed from has changed since")
    owner: str = row.owner
    return owner


def _mark_judged(connection: Connection, entity: str, generation: int, rows: JudgementRows, now: datetime) -> None:
    turns = [row.valid_until for row in rows.results if row.valid_until is not None]
    turns += [facts.expires_at for facts in rows.fact_sets if facts.expires_at is not None]
    marks: Row = {
        "judged_generation": generation,
        "judged_at": now,
        "judge_lease_until": None,
        "judge_due_at": min((at for at in turns if at > now), default=None),
        "why_due": 0,
        "judge_failures": 0,
        "judge_error": "",
        "tier": rows.tier,
    }
    connection.execute(update(entities).where(entities.c.ref == entity).values(**marks))


def _fact_set_row(entity: str, facts: FactSet, body: dict[str, Any] | None = None) -> Row:
    body = fact_set_body(facts) if body is None else body
    return {
        "entity": entity,
        "retriever": facts.retriever,
        "digest": digest(body),
        "body": pack(body),
        "collected_at": facts.collected_at,
        "expires_at": facts.expires_at,
        "error": facts.error,
    }


def _save_fact_sets(connection: Connection, entity: str, found: Sequence[FactSet]) -> bool:
    query = select(fact_sets.c.retriever, fact_sets.c.digest, fact_sets.c.expires_at)
    stored = {row.retriever: row for row in connection.execute(query.where(fact_sets.c.entity == entity))}
    fresh: list[Row] = []
    seen_again: list[FactSet] = []
    for facts in found:
        body = fact_set_body(facts)
        before = stored.get(facts.retriever)
        if before is None or before.digest != digest(body):
            fresh.append(_fact_set_row(entity, facts, body))
        elif facts.expires_at != before.expires_at:
            seen_again.append(facts)
    upsert(connection, fact_sets, fresh)
    for facts in seen_again:
        same = (fact_sets.c.entity == entity, fact_sets.c.retriever == facts.retriever)
        age = {"collected_at": facts.collected_at, "expires_at": facts.expires_at}
        connection.execute(update(fact_sets).where(*same).values(**age))
    gone = stored.keys() - {facts.retriever for facts in found}
    remove(connection, fact_sets, "retriever", gone, fact_sets.c.entity == entity)
    return bool(fresh or gone)


def _save_reads(connection: Connection, entity: str, found: Sequence[FactSet], stored: set[Place]) -> bool:
    wanted = {(read.repository, read.path) for facts in found for read in facts.reads}
    for repository in {repository for repository, _ in stored - wanted}:
        gone = [path for place, path in stored - wanted if place == repository]
        remove(connection, reads, "path", gone, reads.c.entity == entity, reads.c.repository == repository)
    fresh = sorted(wanted - stored)
    insert(connection, reads, [{"entity": entity, "repository": url, "path": path} for url, path in fresh])
    return stored != wanted


def _save_results(connection: Connection, entity: str, found: Sequence[ResultRow]) -> bool:
    columns = (results.c.scorecard, results.c.digest, results.c.etag, results.c.valid_until)
    stored = {row.scorecard: row for row in connection.execute(select(*columns).where(results.c.entity == entity))}
    fresh = []
    for row in found:
        before = stored.get(row.scorecard)
        mark = row.digest or row.etag
        if before is None or (before.digest or before.etag) != mark or before.valid_until != row.valid_until:
            fresh.append({"entity": entity, **{name: getattr(row, name) for name in _RESULT_FIELDS}})
    upsert(connection, results, fresh)
    gone = stored.keys() - {row.scorecard for row in found}
    remove(connection, results, "scorecard", gone, results.c.entity == entity)
    return bool(fresh or gone)


def _save_outcomes(connection: Connection, entity: str, found: Sequence[OutcomeRow], now: datetime) -> bool:
    query = select(outcomes).where(outcomes.c.entity == entity)
    stored = {(row.scorecard, row.check): row.outcome for row in connection.execute(query)}
    wanted = {(row.scorecard, row.check): row.outcome for row in found}
    fresh = [
        {"entity": entity, "scorecard": scorecard, "check": check, "outcome": outcome, "since": now}
        for (scorecard, check), outcome in wanted.items()
        if stored.get((scorecard, check)) != outcome
    ]
    upsert(connection, outcomes, fresh)
    gone = stored.keys() - wanted.keys()
    for scorecard in {scorecard for scorecard, _ in gone}:
        checks = [check for card, check in gone if card == scorecard]
        remove(connection, outcomes, "check", checks, outcomes.c.entity == entity, outcomes.c.scorecard == scorecard)
    return bool(fresh or gone)


def _history_row(entity: str, row: HistoryRow) -> Row:
    return {
        "entity": entity,
        "scorecard": row.scorecard,
        "at": row.at,
        "level": row.level,
        "score": row.score,
        "coverage": row.coverage,
        "reason": row.reason,
    }
