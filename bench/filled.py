"""A store that holds a large organisation: some entities really crawled and judged, the rest made row by row.

For measuring pages and for looking at them. Results are the engine's (see `invented`), history and changes from a seed.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from app.catalog.model import Entity
from app.pipeline.crawl import crawl
from app.pipeline.services import Pipeline
from app.pipeline.tally import tally
from app.sample import build as sample
from app.services import build
from app.settings import load
from app.store.changes import tell
from app.store.feedback import Feedback
from app.store.model import Change
from app.store.sql import insert, upsert
from app.store.tables import entities, history, outcomes, results
from app.store.team_counts import EVERYONE
from app.store.team_tables import trends
from bench.invented import CARD, Template, groups, services, templates

DAYS = 120
_REASONS = ("code", "code", "code", "policy", "data source", "time", "scope")
_NOTES = (
    "Which file does this go into?",
    "The link leads to a page I can't open.",
    "Does this hold for batch jobs?",
    "",
)


@dataclass
class Past:
    """Rows of what went before, gathered for one transaction."""

    results: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def fill(folder: Path, count: int, now: datetime, *, seed: int = 7) -> Pipeline:
    """The sample organisation and `count` invented services in teams of some twenty, teams in departments."""
    dice = random.Random(seed)
    sample.build(folder, now=now)
    pipeline = build(load(folder / "roadworthy.yaml", {}), clock=lambda: now)
    crawl(pipeline)
    populate(pipeline, list(templates(pipeline, dice, now)), count, now, dice)
    return pipeline


def populate(pipeline: Pipeline, made_of: list[Template], count: int, now: datetime, dice: random.Random) -> None:
    """Adds `count` invented services, and what went before, to a store in which nobody else works meanwhile."""
    made, leaves = groups(count)
    found = list(services(dice, count, leaves))
    pipeline.store.entities.sync("invented", [*made, *found], now)
    _judge(pipeline, dice, found, made_of, now)
    tally(pipeline)
    _trends(pipeline, dice, now)
    _voices(pipeline, dice, found, now)


def _judge(pipeline: Pipeline, dice: random.Random, found: list[Entity], made: list[Template], now: datetime) -> None:
    columns = [column.name for column in results.c if column.name != "entity"]
    order = ["none", *(level.id for level in pipeline.policy.scorecards[CARD].levels)]
    past = Past()
    for entity in found:
        template, ref = dice.choice(made), str(entity.ref)
        past.results.append({"entity": ref, **{name: getattr(template.row, name) for name in columns}})
        for check, outcome in template.outcomes.items():
            since = now - timedelta(days=dice.randint(0, 90))
            past.outcomes.append({"entity": ref, "scorecard": CARD, "check": check, "outcome": outcome, "since": since})
        _go_back(past, dice, entity, template, order, now)
    with pipeline.store.database.write() as connection:
        insert(connection, results, past.results)
        insert(connection, outcomes, past.outcomes)
        insert(connection, history, past.history)
        tell(connection, sorted(past.changes, key=lambda change: change.at))
        connection.execute(update(entities).values(judge_due_at=None, why_due=0))
        judged = {"judged_at": now, "judged_generation": entities.c.generation, "tier": "t2"}
        invented = (entities.c.kind == "component", entities.c.judged_at.is_(None))
        connection.execute(update(entities).where(*invented).values(**judged))


def _go_back(
    past: Past, dice: random.Random, entity: Entity, template: Template, order: list[str], now: datetime
) -> None:
    """A few earlier points of one entity, each with the change that ended it."""
    level, score, at = template.row.level, template.row.score or 0.0, now
    ref = str(entity.ref)
    for _ in range(dice.choice((1, 1, 2, 3))):
        at -= timedelta(days=dice.randint(2, 30), hours=dice.randint(0, 20))
        reason = dice.choice(_REASONS)
        point = {"level": level, "score": score, "coverage": 0.9, "reason": reason}
        past.history.append({"entity": ref, "scorecard": CARD, "at": at, **point})
        rank = order.index(level) if level in order else 0
        before = order[max(0, min(len(order) - 1, rank + dice.choice((-1, -1, -1, 0, 0, 0, 1))))]
        told: dict[str, Any] = {"at": at, "entity": entity.ref, "scorecard": CARD, "reason": reason}
        if before != level and level in order:
            past.changes.append(Change(what="level", before=before, after=level, **told))
        if dice.random() < 0.5:
            check, outcome = dice.choice(list(template.outcomes.items()))
            was = "fail" if outcome == "pass" else "pass"
            past.changes.append(Change(what="outcome", before=was, after=outcome, detail={"check": check}, **told))
        level, score = before, max(0.0, min(1.0, score + dice.choice((-0.15, -0.1, -0.05, 0.05))))


def _trends(pipeline: Pipeline, dice: random.Random, now: datetime) -> None:
    """A slow rise to where each group stands today."""
    groups_ = (EVERYONE, *pipeline.store.groups.tree().titles)
    levels = pipeline.store.standings.levels(groups_).get(CARD, {})
    points = []
    for group, today in levels.items():
        standing, on = Counter(today.levels), today.on_target
        for day in range(1, DAYS):
            if dice.random() < 0.4:
                standing, on = _earlier(standing, on, dice)
                body = {"levels": dict(standing), "on_target": on, "with_target": today.with_target}
                when = (now - timedelta(days=day)).date().isoformat()
                points.append({"owner": group, "scorecard": CARD, "day": when, "body": body})
    with pipeline.store.database.write() as connection:
        upsert(connection, trends, points)


def _earlier(today: Counter[str], on: int, dice: random.Random) -> tuple[Counter[str], int]:
    """A few fewer at the higher levels."""
    before, steps = Counter(today), max(1, sum(today.values()) // 150)
    for _ in range(dice.randint(0, 2 * steps)):
        higher = [level for level in ("bronze", "silver", "gold") if before[level] > 1]
        if higher:
            before[dice.choice(higher)] -= 1
            before["none"] += 1
    return before, max(0, on - dice.choice((0, 0, steps)))


def _voices(pipeline: Pipeline, dice: random.Random, found: list[Entity], now: datetime) -> None:
    checks = [entry.check for entry in pipeline.policy.scorecards[CARD].entries][:12]
    for entity in dice.sample(found, min(len(found), 60)):
        helped = dice.random() < 0.7
        said: dict[str, Any] = {"helped": helped, "note": "" if helped else dice.choice(_NOTES)}
        at = now - timedelta(days=dice.randint(0, 60))
        voice = Feedback(check=dice.choice(checks), entity=str(entity.ref), author="user:default/ada", at=at, **said)
        pipeline.store.feedback.give(voice)
