"""Judge: entities that are due, from stored objects to saved results. Nothing is crawled here."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from app.catalog.model import Catalog, Entity, EntityRef
from app.errors import StaleError
from app.facts.pushed_world import PushedWorld
from app.lib import json_text
from app.pipeline import changes
from app.pipeline.inputs import fingerprint, still_holds
from app.pipeline.scoring import Judged, attribution_rules, judge, look
from app.pipeline.services import Pipeline
from app.pipeline.stored_world import StoredWorld
from app.policy.model import ScorecardResult, Waiver
from app.policy.plan import next_steps
from app.policy.results import scorecard_json, steps_json
from app.store.codec import dumped_facts
from app.store.engine import is_database_trouble
from app.store.last import LastJudging
from app.store.model import Change, HistoryRow, Judgement, JudgementClaim, JudgementRows, OutcomeRow, ResultRow
from app.store.sql import chunks

log = structlog.get_logger(__name__)
RETRY = timedelta(minutes=5)
_AT_ONCE = 25
"""Judgings saved in one transaction: enough to share its cost, few enough that a refresh never waits long for it."""
_FRUITLESS = 20
"""Rounds in a row whose judgings were all overtaken before a crawl leaves the rest to whoever comes next."""


def judge_due(pipeline: Pipeline, limit: int = 100) -> int:
    """Judges up to `limit` entities that are due. Returns how many were claimed."""
    return _round(pipeline, limit)[0]


def judge_found(pipeline: Pipeline, repository: str) -> None:
    """Judges what is due of a repository's own entities at once: somebody waits, and a batch may be long."""
    _round(pipeline, _AT_ONCE, repository)


def _round(pipeline: Pipeline, limit: int, repository: str = "") -> tuple[int, int]:
    """How many entities were claimed, and of how many the judging ended: kept, or failed with its error kept."""
    now = pipeline.clock()
    claims = pipeline.store.due.claim(now, limit=limit, repository=repository)
    if not claims:
        return 0, 0
    refs = [claim.ref for claim in claims]
    last = pipeline.store.judgements.last(refs)
    waivers = pipeline.store.waivers.in_force(refs, now)
    evidence = attribution_rules(pipeline.policy, pipeline.evidence).evidence
    world = StoredWorld(pipeline.store, pipeline.catalog(), pipeline.parameters, now, evidence=evidence)
    world.prepare(refs, {place for one in last.values() for place in one.reads})
    ended = 0
    for some in chunks(claims, _AT_ONCE):
        began = time.perf_counter()
        judgements = [_one(pipeline, world, claim, last[claim.ref], waivers.get(claim.ref, ()), now) for claim in some]
        ended += len(some) - _save(pipeline, [one for one in judgements if one is not None], now, world.catalog)
        pipeline.metrics.judging_took((time.perf_counter() - began) / len(some), len(some))
    return len(claims), ended


def _one(
    pipeline: Pipeline,
    world: StoredWorld,
    claim: JudgementClaim,
    last: LastJudging,
    waivers: Sequence[Waiver],
    now: datetime,
) -> Judgement | None:
    """Judges one entity, unless that would say what the last judging said. None: it is gone, or failed."""
    entity: Entity | None = None
    try:
        entity = world.catalog.get(claim.ref) or pipeline.store.entities.get(claim.ref)
        if entity is None:
            return None
        commit, policy = _commit(world, entity), pipeline.policy
        looked = look(policy, entity, PushedWorld(world, world.pushed, now), now, waivers)
        dumped = tuple(dumped_facts(facts) for facts in looked.fact_sets)
        inputs = fingerprint(policy, looked, dumped, commit)
        if still_holds(last, inputs, looked, now):
            return Judgement(claim, None, last)
        judged = judge(policy, looked, now, commit=commit)
        rows = rows_of(claim, last, judged, now)
        return Judgement(claim, replace(rows, dumped=dumped, inputs=inputs, tips=world.tips), last)
    except Exception as error:  # noqa: BLE001 (one job: the error is kept where people see it)
        _failed(pipeline, claim, error, now, _repository(entity))
        return None


def _failed(pipeline: Pipeline, claim: JudgementClaim, error: Exception, now: datetime, repository: str) -> None:
    """One entity's surprise must not stop the others; it is kept where people see it, and tried again.

    The database's own trouble is raised: nothing is wrong with the entity, and its lease ends by itself.
    """
    if is_database_trouble(error):
        raise error
    pipeline.metrics.judged("failed")
    log.error("entity.failed", entity=str(claim.ref), repository=repository, exc_info=error)
    text = f"an unexpected {type(error).__name__}; the log tells more"
    pipeline.store.due.fail(claim, error=text, next_due=now + RETRY)


def _save(pipeline: Pipeline, judgements: Sequence[Judgement], now: datetime, catalog: Catalog) -> int:
    """Keeps some judgings at once, or one by one where that fails. How many must be judged again: what they were
    judged from moved meanwhile."""
    if not judgements:
        return 0
    try:
        saved = pipeline.store.judgements.save_all(judgements, now)
    except Exception as error:  # noqa: BLE001 (one job, once it is clear whose)
        if len(judgements) > 1:
            return sum(_save(pipeline, [one], now, catalog) for one in judgements)
        claim = judgements[0].claim
        _failed(pipeline, claim, error, now, _repository(catalog.get(claim.ref)))
        return 0
    stale = [one.claim for one in judgements if isinstance(saved[one.claim.ref], StaleError)]
    for claim in stale:
        pipeline.store.due.release(claim)
        log.info("entity.superseded", entity=str(claim.ref), repository=_repository(catalog.get(claim.ref)))
    for one in judgements:
        told = saved[one.claim.ref]
        pipeline.metrics.judged("changed" if told is True else "unchanged" if told is False else "superseded")
        if told is True and one.rows is not None:
            log.info(
                "entity.judged",
                entity=str(one.claim.ref),
                repository=_repository(catalog.get(one.claim.ref)),
                levels=[row.level for row in one.rows.results],
            )
    if any(told is True for told in saved.values()):
        pipeline.news.give()
    log.debug("entities.unchanged", entities=sum(one.rows is None for one in judgements))
    return len(stale)


def _repository(entity: Entity | None) -> str:
    """Where an entity is kept, for the log; "" for one that only a portal's catalog holds, or that is gone."""
    return entity.repository if entity else ""


def _commit(world: StoredWorld, entity: Entity) -> str:
    view = world.repository(entity.repository) if entity.repository else None
    return getattr(view, "commit", "")


def rows_of(claim: JudgementClaim, last: LastJudging, judged: Judged, now: datetime) -> JudgementRows:
    """What is saved: facts, results, and what is told when something turned."""
    told: list[Change] = []
    history: list[HistoryRow] = []
    for result in judged.results:
        earlier = last.results.get(result.scorecard.id)
        reason = changes.reason_of(claim.why, earlier, result)
        turned = list(changes.told(claim.ref, earlier, last.outcomes, result, reason, now))
        told += turned
        history += changes.history_of(earlier, result, turned, reason, now)
    return JudgementRows(
        fact_sets=judged.fact_sets,
        results=tuple(result_row(judged.entity.ref, result) for result in judged.results),
        outcomes=tuple(
            OutcomeRow(result.scorecard.id, check.check.id, str(check.outcome))
            for result in judged.results
            for check in result.checks
        ),
        history=tuple(history),
        changes=tuple(told),
        tier=judged.subject.tier,
        steady_until=min((one.steady_until for one in judged.results if one.steady_until), default=None),
    )


def result_row(ref: EntityRef, result: ScorecardResult) -> ResultRow:
    """A result dumped once, as it will be served. The digest leaves out the moment of looking."""
    body = scorecard_json(result)
    body["next_steps"] = steps_json(next_steps([result]), [result])
    dumped = json_text.dumped(body)
    moment = f'"as_of":{json.dumps(body["as_of"])},'.encode()  # the key itself: a text would have its quotes escaped
    digest = hashlib.sha256(dumped.replace(moment, b"", 1)).hexdigest()[:32]
    return ResultRow(
        scorecard=result.scorecard.id,
        level=result.level,
        level_rank=result.scorecard.rank(result.level),
        level_possible=result.level_possible,
        raw_level=result.raw_level,
        target_level=result.target_level,
        meets_target=result.meets_target,
        score=result.score,
        coverage=result.coverage,
        valid_until=result.valid_until,
        as_of=result.as_of,
        commit=result.commit,
        policy_version=result.policy_version,
        body=dumped,
        etag=hashlib.sha256(dumped).hexdigest()[:32],
        digest=digest,
    )


def judge_all(pipeline: Pipeline, batch: int = 100) -> int:
    """Judges until nothing is due, or nothing of what is due can be kept. Returns how many entities."""
    total = fruitless = 0
    while fruitless < _FRUITLESS:
        claimed, ended = _round(pipeline, batch)
        if not claimed:
            break
        total += ended
        fruitless = 0 if ended else fruitless + 1
    return total
