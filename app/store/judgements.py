"""Keeps what judgings found, writing only what is new; reads it back, for whoever asks and for the next judging."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from app.catalog.model import EntityRef
from app.errors import StaleError
from app.facts.model import FactSet
from app.store import saving
from app.store.codec import fact_set_from, unpack
from app.store.engine import Database
from app.store.last import LastJudging, load
from app.store.model import Judgement, JudgementClaim, JudgementRows, ResultRow, Why
from app.store.sight import EVERYTHING, Sight
from app.store.tables import fact_sets, outcomes, results


class Judgements:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def save(self, ref: EntityRef, generation: int, rows: JudgementRows, now: datetime) -> bool:
        """Keeps one judging made under a claim of `due`. Raises StaleError when the entity has moved on since.

        Returns whether anything was new; if not, only the entity's marks are written.
        """
        claim = JudgementClaim(ref, generation, Why(0))
        saved = self.save_all([Judgement(claim, rows)], now)[ref]
        if isinstance(saved, StaleError):
            raise saved
        return saved

    def save_all(self, found: Sequence[Judgement], now: datetime) -> dict[EntityRef, bool | StaleError]:
        """Keeps several judgings in one transaction, all that are not refused, or none.

        Entity → whether anything was new (if not, only its marks are written), or why it was refused.
        """
        with self._database.write() as connection:
            last = load(connection, [str(one.claim.ref) for one in found if one.last is None])
            last |= {str(one.claim.ref): one.last for one in found if one.last is not None}
            saved = saving.save(connection, found, last, now)
        return {one.claim.ref: saved[str(one.claim.ref)] for one in found}

    def last(self, refs: Iterable[EntityRef]) -> dict[EntityRef, LastJudging]:
        """What the last judging of each entity left. For `save_all`, loaded after the entities were claimed: whoever
        writes any of it meanwhile must have claimed them anew, and then the save is refused."""
        by_text = {str(ref): ref for ref in refs}
        with self._database.read() as connection:
            return {by_text[ref]: last for ref, last in load(connection, by_text).items()}

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
        query = select(*(results.c[name] for name in saving.RESULT_FIELDS)).where(*meant)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(results.c.scorecard)).mappings().all()
        return [ResultRow(**row) for row in rows]

    def outcomes(self, ref: EntityRef) -> dict[tuple[str, str], tuple[str, datetime]]:
        """(scorecard, check) → (outcome, since when)."""
        query = select(outcomes).where(outcomes.c.entity == str(ref), *self._sight.of(outcomes.c.entity))
        with self._database.read() as connection:
            return {(row.scorecard, row.check): (row.outcome, row.since) for row in connection.execute(query)}
