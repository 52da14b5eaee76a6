"""Judge: entities that are due, from stored objects to saved results. Nothing is crawled here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from app.catalog.model import Entity, EntityRef
from app.errors import StaleError
from app.facts.pushed_world import PushedWorld
from app.pipeline import changes
from app.pipeline.scoring import Judged, attribution_rules, score
from app.pipeline.services import Pipeline
from app.pipeline.stored_world import StoredWorld
from app.policy.model import ScorecardResult
from app.policy.plan import next_steps
from app.policy.results import scorecard_json, steps_json
from app.store.model import Change, HistoryRow, JudgementClaim, JudgementRows, OutcomeRow, ResultRow

log = structlog.get_logger(__name__)
RETRY = timedelta(minutes=5)
_FRUITLESS = 20
"""Rounds in a row whose judgings were all overtaken before a crawl leaves the rest to whoever comes next."""


def judge_due(pipeline: Pipeline, limit: int = 100) -> int:
    """Judges up to `limit` entities that are due. Returns how many were claimed."""
    return _round(pipeline, limit)[0]


def _round(pipeline: Pipeline, limit: int) -> tuple[int, int]:
    """How many entities were claimed, and of how many the judging ended: kept, or failed with its error kept."""
    now = pipeline.clock()
    claims = pipeline.store.due.claim(now, limit=limit)
    if not claims:
        return 0, 0
    evidence = attribution_rules(pipeline.policy, pipeline.evidence).evidence
    world = StoredWorld(pipeline.store, pipeline.catalog(), pipeline.parameters, now, evidence=evidence)
    world.prepare([claim.ref for claim in claims])
    return len(claims), sum(_one(pipeline, world, claim, now) for claim in claims)


def _one(pipeline: Pipeline, world: StoredWorld, claim: JudgementClaim, now: datetime) -> bool:
    """Judges one entity. False when it must be judged again: what it was judged from moved meanwhile."""
    entity = world.catalog.get(claim.ref)
    try:
        if entity is None:
            entity = pipeline.store.entities.get(claim.ref)
        if entity is None:
            return True
        reported = PushedWorld(world, world.pushed, now)
        judged = score(pipeline.policy, entity, reported, now, commit=_commit(world, entity))
        rows = rows_of(pipeline, claim, judged, now, world.tips)
        if pipeline.store.judgements.save(claim.ref, claim.generation, rows, now):
            log.info("entity.judged", entity=str(claim.ref), levels=[result.level for result in judged.results])
    except StaleError:
        pipeline.store.due.release(claim)
        log.info("entity.superseded", entity=str(claim.ref))
        return False
    except Exception as error:
        # One entity's surprise must not stop the others; it is kept where people see it, and tried again.
        log.exception("entity.failed", entity=str(claim.ref))
        text = f"an unexpected {type(error).__name__}; the log tells more"
        pipeline.store.due.fail(claim, error=text, next_due=now + RETRY)
    return True


def _commit(world: StoredWorld, entity: Entity) -> str:
    view = world.repository(entity.repository) if entity.repository else None
    return getattr(view, "commit", "")


def rows_of(
    pipeline: Pipeline, claim: JudgementClaim, judged: Judged, now: datetime, tips: Mapping[str, str]
) -> JudgementRows:
    """What is saved: facts, results, and what is told when something turned."""
    before = {row.scorecard: row for row in pipeline.store.judgements.results(claim.ref)}
    outcomes = pipeline.store.judgements.outcomes(claim.ref)
    told: list[Change] = []
    history: list[HistoryRow] = []
    for result in judged.results:
        earlier = before.get(result.scorecard.id)
        reason = changes.reason_of(claim.why, earlier, result)
        turned = list(changes.told(claim.ref, earlier, outcomes, result, reason, now))
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
        tips=dict(tips),
    )


def result_row(ref: EntityRef, result: ScorecardResult) -> ResultRow:
    """A result dumped once, as it will be served. The digest leaves out the moment of looking."""
    body = scorecard_json(result)
    body["next_steps"] = steps_json(next_steps([result]))
    dumped = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
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
