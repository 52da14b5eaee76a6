"""Judging 10,000 entities against the same compiled evaluations alone, facts in memory.

Twice over: services as the generator makes them, and the hardest case, one item a list, where nothing can be shared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from app.facts.collect import collect
from app.facts.groups import SCHEMA
from app.facts.model import Facts
from app.lib import memory, shipped
from app.pipeline.crawl import crawl
from app.pipeline.scoring import subject_of
from app.pipeline.stored_world import StoredWorld
from app.policy.asks import parameters_of
from app.policy.documents import load
from app.policy.evaluate import evaluate
from app.policy.model import Check, Entry, Policy, Scorecard, Subject
from app.policy.rules import FALSE, TRUE, reply
from app.policy.scene import entity_names
from app.services import build
from app.settings import load as load_settings
from bench import org
from bench.org import NOW
from bench.rows import Row

_ENTITIES, _SERVICES, _CHUNK, _ROUNDS = 10_000, 60, 500, 3
Seen = tuple[Subject, Facts]
Work = list[tuple[Callable[..., Any], dict[str, Any], list[Callable[..., Any]]]]
"""For each rule or item: what makes its activation, of what, and the programs asked of it."""


def run(folder: Path) -> list[Row]:
    policy = load(shipped.folder("scorecards"), SCHEMA)
    memory.settle()  # as a worker does
    card = policy.scorecards["sre-maturity"]
    size = f"{_ENTITIES:,} x {len(card.entries)} checks"
    return [
        _row(f"judging {size}, generated services", policy, card, _generated(folder), NOW),
        _row(f"judging {size}, one item a list", policy, card, [_smallest(policy)], NOW + timedelta(days=1)),
    ]


def _row(what: str, policy: Policy, card: Scorecard, seen: Sequence[Seen], now: datetime) -> Row:
    """Chunk by chunk, ours and the floor in turn, each the best of a few rounds: what disturbs one disturbs both."""
    works = [_work(policy, card, subject, facts, now) for subject, facts in seen]
    many = [
        (replace(subject, ref=f"component:default/s{number}", name=f"s{number}"), facts, works[number % len(seen)])
        for number in range(_ENTITIES)
        for subject, facts in [seen[number % len(seen)]]
    ]
    ours = floor = 0.0
    for first in range(0, len(many), _CHUNK):
        chunk = many[first : first + _CHUNK]
        ours += _best(partial(_judge, policy, card, chunk, now))
        floor += _best(partial(_ask, chunk))
    evaluations = sum(len(programs) for work in works for _, _, programs in work) / len(works)
    each = 1e6 / _ENTITIES
    print(
        f"{what}: {evaluations:.0f} evaluations an entity; {ours * each:.0f} µs each, the floor {floor * each:.0f} µs"
    )
    return Row(what, ours * 1000, floor * 1000, 2.0)


def _best(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def _judge(policy: Policy, card: Scorecard, chunk: Sequence[tuple[Subject, Facts, Work]], now: datetime) -> None:
    for subject, facts, _ in chunk:
        evaluate(policy, card, subject, facts, now)


def _ask(chunk: Sequence[tuple[Subject, Facts, Work]]) -> None:
    """The floor: an activation for each rule and item, and its programs' answers. Nothing is counted or kept."""
    for _, _, work in chunk:
        for activation, data, programs in work:
            values = activation(data)
            for program in programs:
                program(values).value()


def _work(policy: Policy, card: Scorecard, subject: Subject, facts: Facts, now: datetime) -> Work:
    """What has to be evaluated of these facts: nothing of blocked checks, and of an item only as far as needed."""
    known = {**facts.values, **entity_names(subject), "now": now}
    work: Work = []
    for scope in {id(entry.scope): entry.scope for entry in card.entries if entry.scope is not None}.values():
        rule = scope.applies_to
        work.append((rule.activation, {name: known[name] for name in rule.names}, [rule.program.eval]))
    for entry, result in zip(card.entries, evaluate(policy, card, subject, facts, now).checks, strict=True):
        check = policy.checks[entry.check]
        items = facts.values.get(check.each) if check.each else [{}]
        if result.raw != "not_applicable" and not result.reason.startswith("blocked by") and items is not None:
            work += _check_work(check, entry, subject, known, items)
    return work


def _check_work(check: Check, entry: Entry, subject: Subject, known: dict[str, Any], items: Sequence[Any]) -> Work:
    names = known | parameters_of(check, entry, subject.tier)
    shared = {name: names[name] for name in check.names if name in names}
    work: Work = []
    for item in items:
        if check.include_ignored or not item.get("ignored"):
            data = {**shared, **dict(_fields(check, item))}
            work.append((check.require.activation, data, list(_programs(check, data))))
    return work


def _programs(check: Check, data: dict[str, Any]) -> Iterator[Callable[..., Any]]:
    activation = check.require.activation(data)
    for rule, goes_on in ((check.where, TRUE), (check.unknown, FALSE), (check.require, None)):
        if rule is not None:
            yield rule.program.eval
            if goes_on is not None and reply(rule, data, activation) is not goes_on:
                return


def _fields(check: Check, item: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, first, rest in check.item_paths:
        node: Any = item.get(first)
        for part in rest:
            node = node.get(part) if isinstance(node, dict) else None
        if node is not None:
            yield name, node


def _generated(folder: Path) -> list[Seen]:
    """What is seen of a crawled organisation's services."""
    org.make(folder, _SERVICES)
    pipeline = build(load_settings(folder / "roadworthy.yaml", {}), clock=lambda: NOW)
    crawl(pipeline)
    catalog = pipeline.catalog()
    world = StoredWorld(pipeline.store, catalog, pipeline.parameters, NOW)
    seen = [
        (subject_of(entity, catalog, world.parameters), Facts.merge(collect(entity, world, NOW), NOW))
        for entity in catalog.entities.values()
        if entity.ref.kind == "component"
    ]
    pipeline.store.close()
    pipeline.git.close()
    return seen


def _smallest(policy: Policy) -> Seen:
    """Facts put together from the checks' own passing examples: one item in most lists."""
    facts = Facts(collected_at=NOW)
    for check in policy.checks.values():
        for example in check.examples:
            if example.outcome == "pass":
                for name, value in example.facts.items():
                    facts.values.setdefault(name, value)
    return Subject(ref="component:default/s", kind="component", type="service", tier="t2", name="s"), facts
