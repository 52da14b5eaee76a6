"""The writes of a batch of judgings, within one transaction: only what is new, a statement a table.

Rows are locked in the order repositories, entities, counters (see `engine`), each in the order of its keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from app.errors import StaleError
from app.store.changes import tell
from app.store.codec import DumpedFacts, dumped_facts
from app.store.last import LastJudging, Place
from app.store.model import HistoryRow, Judgement, JudgementRows
from app.store.sql import Row, change, chunks, insert, remove, upsert
from app.store.tables import entities, fact_sets, history, outcomes, reads, repositories, results
from app.store.tables_judging import judged_from
from app.store.team_counts import touch

RESULT_FIELDS = tuple(column.name for column in results.c if column.name != "entity")
Last = Mapping[str, LastJudging]
New = Iterable[tuple[str, JudgementRows]]
"""(entity, what its judging found)"""


def save(connection: Connection, found: Sequence[Judgement], last: Last, now: datetime) -> dict[str, bool | StaleError]:
    """Keeps judgings made under claims of `due`. Entity → whether anything was new, or why it was refused."""
    refused = _moved(connection, found, last)
    owners = _hold(connection, found, refused)
    kept = [one for one in found if str(one.claim.ref) not in refused]
    new = [(str(one.claim.ref), one.rows) for one in kept if one.rows is not None]
    news = _save_facts(connection, new, last) | _save_reads(connection, new, last)
    news |= _save_results(connection, new, last) | _save_outcomes(connection, new, last, now)
    insert(connection, history, [_history_row(ref, row) for ref, rows in new for row in rows.history])
    _mark_judged(connection, kept, last, now)
    touch(connection, {owners[ref] for ref in news})
    tell(connection, [one for _, rows in new for one in rows.changes])  # last: nobody else can until this ends
    news |= {ref for ref, rows in new if rows.history or rows.changes}
    return {str(one.claim.ref): str(one.claim.ref) in news for one in kept} | refused


def fact_set_row(entity: str, dumped: DumpedFacts) -> Row:
    facts = dumped.facts
    return {
        "entity": entity,
        "retriever": facts.retriever,
        "digest": dumped.digest,
        "body": dumped.packed,
        "collected_at": facts.collected_at,
        "expires_at": facts.expires_at,
        "error": facts.error,
    }


def _moved(connection: Connection, found: Iterable[Judgement], last: Last) -> dict[str, bool | StaleError]:
    """Refuses facts of a place that was looked at for the first time, and whose repository has moved on since.

    A push makes due whom it finds among the readers; one that came between the look and this save did not find us.
    The rows stay locked until the end, so a push that comes now waits, and then finds us.
    """
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in found:
        for repository, stood in _first_looks(one, last):
            seen[repository][stood].add(str(one.claim.ref))
    refused: dict[str, bool | StaleError] = {}
    for chunk in chunks(sorted(seen)):
        query = select(repositories.c.url, repositories.c.tip).where(repositories.c.url.in_(chunk))
        for row in connection.execute(query.order_by(repositories.c.url).with_for_update(read=True)):
            for ref in (ref for stood, refs in seen[row.url].items() if stood != row.tip for ref in refs):
                refused[ref] = StaleError(f"saving the results of {ref}: {row.url} has been read again since")
    return refused


def _first_looks(one: Judgement, last: Last) -> Iterator[tuple[str, str]]:
    """(repository, where it stood). Where that is not known the catalog told it, whose changes make due anyway."""
    if one.rows is None:
        return
    known = last[str(one.claim.ref)].reads
    for look in (look for facts in one.rows.fact_sets for look in facts.reads):
        stood = look.commit or one.rows.tips.get(look.repository)
        if stood is not None and (look.repository, look.path) not in known:
            yield look.repository, stood


def _hold(connection: Connection, found: Iterable[Judgement], refused: dict[str, bool | StaleError]) -> dict[str, str]:
    """Locks the entities' rows, and refuses those that have moved on. Entity → its owner."""
    at, owners = entities.c, {}
    wanted = {str(one.claim.ref): one.claim.generation for one in found}
    known = dict.fromkeys(wanted, "it is no longer in the catalog")
    for chunk in chunks(sorted(wanted)):
        query = select(at.ref, at.generation, at.judged_generation, at.orphaned_at, at.owner).where(at.ref.in_(chunk))
        for row in connection.execute(query.order_by(at.ref).with_for_update(key_share=True)):
            if row.orphaned_at is None:
                owners[row.ref] = row.owner
                stands = row.generation == wanted[row.ref] and row.judged_generation < wanted[row.ref]
                known[row.ref] = "" if stands else "what they were computed from has changed since"
    for ref, why in known.items():
        if why:
            refused.setdefault(ref, StaleError(f"saving the results of {ref}: {why}"))
    return owners


def _mark_judged(connection: Connection, kept: Sequence[Judgement], last: Last, now: datetime) -> None:
    """The entity is next due at the first `valid_until`, or when facts expire."""
    marks: dict[bool, list[Row]] = {True: [], False: []}
    for one in kept:
        ref, rows = str(one.claim.ref), one.rows
        mark: Row = {
            "ref": ref,
            "judged_generation": one.claim.generation,
            "judged_at": now,
            "judge_lease_until": None,
            "judge_due_at": min((at for at in _turns(rows, last[ref]) if at is not None and at > now), default=None),
            "why_due": 0,
            "judge_failures": 0,
            "judge_error": "",
        }
        marks[rows is None].append(mark if rows is None else {**mark, "tier": rows.tier})
    for same in marks.values():
        change(connection, entities, "ref", same)
    bases = [(str(one.claim.ref), one.rows) for one in kept if one.rows is not None]
    fresh = [_base(ref, rows, now) for ref, rows in bases if _rests_on_another(rows, last[ref], now)]
    upsert(connection, judged_from, fresh)


def _turns(rows: JudgementRows | None, last: LastJudging) -> Iterator[datetime | None]:
    if rows is None:
        yield from (earlier.valid_until for earlier in last.results.values())
        yield from (expires_at for _, expires_at in last.facts.values())
    else:
        yield from (row.valid_until for row in rows.results)
        yield from (facts.expires_at for facts in rows.fact_sets)


def _rests_on_another(rows: JudgementRows, last: LastJudging, now: datetime) -> bool:
    same = (last.inputs, last.steady_until) == (rows.inputs, rows.steady_until)
    return not same or last.judged_at is None or last.judged_at > now


def _base(entity: str, rows: JudgementRows, now: datetime) -> Row:
    return {"entity": entity, "inputs": rows.inputs, "judged_at": now, "steady_until": rows.steady_until}


def _save_facts(connection: Connection, new: New, last: Last) -> set[str]:
    """Facts seen again unchanged keep their age, unless they can expire."""
    fresh: list[Row] = []
    gone: dict[str, set[str]] = {}
    for ref, rows in new:
        known = last[ref].facts
        for dumped in rows.dumped or map(dumped_facts, rows.fact_sets):
            facts = dumped.facts
            digest, expires_at = known.get(facts.retriever, ("", None))
            if digest != dumped.digest:
                fresh.append(fact_set_row(ref, dumped))
            elif facts.expires_at != expires_at:
                same = (fact_sets.c.entity == ref, fact_sets.c.retriever == facts.retriever)
                age = {"collected_at": facts.collected_at, "expires_at": facts.expires_at}
                connection.execute(update(fact_sets).where(*same).values(**age))
        if missing := known.keys() - {facts.retriever for facts in rows.fact_sets}:
            gone[ref] = missing
    upsert(connection, fact_sets, fresh)
    for ref, retrievers in gone.items():
        remove(connection, fact_sets, "retriever", retrievers, fact_sets.c.entity == ref)
    return {row["entity"] for row in fresh} | gone.keys()


def _save_reads(connection: Connection, new: New, last: Last) -> set[str]:
    fresh: list[Row] = []
    gone: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ref, rows in new:
        known = last[ref].reads
        wanted: set[Place] = {(read.repository, read.path) for facts in rows.fact_sets for read in facts.reads}
        fresh += [{"entity": ref, "repository": url, "path": path} for url, path in sorted(wanted - known)]
        for url, path in known - wanted:
            gone[ref, url].append(path)
    for (ref, url), paths in gone.items():
        remove(connection, reads, "path", paths, reads.c.entity == ref, reads.c.repository == url)
    insert(connection, reads, fresh)
    return {row["entity"] for row in fresh} | {ref for ref, _ in gone}


def _save_results(connection: Connection, new: New, last: Last) -> set[str]:
    fresh: list[Row] = []
    gone: dict[str, set[str]] = {}
    for ref, rows in new:
        known = last[ref].results
        for row in rows.results:
            before = known.get(row.scorecard)
            if before is None or (before.mark, before.valid_until) != (row.digest or row.etag, row.valid_until):
                fresh.append({"entity": ref, **{name: getattr(row, name) for name in RESULT_FIELDS}})
        if missing := known.keys() - {row.scorecard for row in rows.results}:
            gone[ref] = missing
    upsert(connection, results, fresh)
    for ref, scorecards in gone.items():
        remove(connection, results, "scorecard", scorecards, results.c.entity == ref)
    return {row["entity"] for row in fresh} | gone.keys()


def _save_outcomes(connection: Connection, new: New, last: Last, now: datetime) -> set[str]:
    fresh: list[Row] = []
    gone: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ref, rows in new:
        known = last[ref].outcomes
        wanted = {(row.scorecard, row.check): row.outcome for row in rows.outcomes}
        fresh += [
            {"entity": ref, "scorecard": scorecard, "check": check, "outcome": outcome, "since": now}
            for (scorecard, check), outcome in wanted.items()
            if known.get((scorecard, check)) != outcome
        ]
        for scorecard, check in known.keys() - wanted.keys():
            gone[ref, scorecard].append(check)
    upsert(connection, outcomes, fresh)
    for (ref, scorecard), checks in gone.items():
        remove(connection, outcomes, "check", checks, outcomes.c.entity == ref, outcomes.c.scorecard == scorecard)
    return {row["entity"] for row in fresh} | {ref for ref, _ in gone}


def _history_row(entity: str, row: HistoryRow) -> dict[str, Any]:
    return {"entity": entity, **{name: getattr(row, name) for name in HistoryRow.__dataclass_fields__}}
