"""Judging against the same compiled CEL evaluations alone, over facts in memory; prints the ratio (to stay at most 2).

`python -m bench.judging [--entities N] [--checks N] [--rounds N]`. The floor asks each rule of the real policy once an entity, or once
an item for `each`, with the same data; both sides build their activations. Rounds alternate and the best of each side counts.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.facts.groups import SCHEMA
from app.facts.model import Facts
from app.facts.schema import Fact, fact_types
from app.policy.documents import load
from app.policy.evaluate import entity_names, evaluate, parameters_of
from app.policy.model import Check, Outcome, Policy, Scorecard, Subject
from app.policy.rules import Rule

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
_WORDS = ("", "page", "warning", "resolved", "valid", "service", "availability")
Work = list[tuple[Any, Any, dict[str, Any]]]


def _value(chance: random.Random, type_: str) -> Any:
    made: dict[str, Callable[[], Any]] = {
        "bool": lambda: chance.random() < 0.8,
        "int": lambda: chance.choice((0, 1, 2, 300, 2592000)),
        "double": lambda: chance.choice((0.99, 0.999, 1.0)),
        "string": lambda: chance.choice(_WORDS),
        "timestamp": lambda: NOW - timedelta(days=chance.randrange(400)),
        "strings": lambda: chance.sample(("meaning", "impact", "diagnosis", "mitigation"), 2),
    }
    return made[type_]()


def _item(chance: random.Random, fact: Fact) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for name, field in fact.fields.items():
        *parents, last = name.split(".")
        node = item
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = [] if field.type == "items" else _value(chance, field.type)
    return {**item, "ignored": "", "path": "a.yaml", "line": chance.randrange(1, 400)}


def _facts(chance: random.Random, items: int) -> Facts:
    values: dict[str, Any] = {}
    for name, fact in fact_types(SCHEMA).items():
        if fact.type != "items":
            values[name] = _value(chance, fact.type)
        elif not name.endswith(".unreadable"):
            values[name] = [_item(chance, fact) for _ in range(items)]
    return Facts(values=values, collected_at=NOW)


def _subject(number: int) -> Subject:
    name = f"service-{number}"
    return Subject(ref=f"component:default/{name}", kind="component", type="service", tier="t2", name=name)


def _cut(policy: Policy, checks: int) -> tuple[Policy, Scorecard]:
    """The first checks of the scorecard, without prerequisites: every rule is really asked."""
    card = next(iter(policy.scorecards.values()))
    free = {name: replace(check, requires=()) for name, check in policy.checks.items()}
    cut = replace(card, entries=card.entries[:checks], required_areas=())
    return replace(policy, checks=free, scorecards={cut.id: cut}), cut


def _needs(check: Check, item: Any, shared: dict[str, Any]) -> dict[str, Any]:
    """What the rules of a check name, with an item's fields."""
    rules = [rule for rule in (check.where, check.require, check.unknown) if rule is not None]
    data = {}
    for name in dict.fromkeys(name for rule in rules for name in rule.names):
        node: Any = item if name.startswith("item.") else shared.get(name)
        for part in name.split(".")[1:] if name.startswith("item.") else ():
            node = node[part]
        data[name] = node
    return data


def _asked(check: Check, data: dict[str, Any]) -> list[Rule]:
    """The rules that judging must ask of this data: no `require` where `where` already says no."""
    asked: list[Rule] = []
    for rule, stops_on in ((check.where, False), (check.unknown, True), (check.require, None)):
        if rule is None:
            continue
        asked.append(rule)
        if rule.program.eval(rule.activation(data)).value() is stops_on:
            break
    return asked


def _floor(policy: Policy, card: Scorecard, subject: Subject, facts: Facts) -> Work:
    """(activation maker, program list, data) of every evaluation that judging can't do without."""
    shared = {**facts.values, **entity_names(subject), "now": NOW}
    work: Work = []
    for entry in card.entries:
        check = policy.checks[entry.check]
        names = shared | parameters_of(policy, entry, subject.tier)
        for item in facts.values[check.each] if check.each else (None,):
            data = _needs(check, item, names)
            work.append((check.require.activation, [rule.program for rule in _asked(check, data)], data))
    return work


def _bare(work: list[Work]) -> int:
    done = 0
    for entity in work:
        for activate, programs, data in entity:
            activation = activate(data)
            for program in programs:
                program.eval(activation).value()
                done += 1
    return done


def measure(entities: int, checks: int, rounds: int, items: int, distinct: int = 100) -> dict[str, Any]:
    """Best seconds of both sides and their ratio. Facts of `distinct` entities are used again and again, unchanged ones not skipped."""
    policy, card = _cut(load(ROOT / "scorecards", SCHEMA), checks)
    chance = random.Random(7)
    cases = [(_subject(number), _facts(chance, items)) for number in range(min(distinct, entities))]
    work = [_floor(policy, card, subject, facts) for subject, facts in cases]
    order = [number % len(cases) for number in range(entities)]
    bare, judged, evaluations, errors = float("inf"), float("inf"), 0, 0
    for _ in range(rounds):
        begin = time.perf_counter()
        evaluations = _bare([work[number] for number in order])
        middle = time.perf_counter()
        for number in order:
            subject, facts = cases[number]
            result = evaluate(policy, card, subject, facts, NOW)
            errors += sum(check.outcome is Outcome.ERROR for check in result.checks)
        bare, judged = min(bare, middle - begin), min(judged, time.perf_counter() - middle)
    return {
        "entities": entities,
        "checks": len(card.entries),
        "items": items,
        "evaluations": evaluations,
        "errors": errors,
        "floor_seconds": round(bare, 3),
        "judging_seconds": round(judged, 3),
        "ratio": round(judged / bare, 2),
        "microseconds_an_evaluation": round(bare / evaluations * 1e6, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("entities", 10_000), ("checks", 30), ("rounds", 3), ("items", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    print(json.dumps(measure(options.entities, options.checks, options.rounds, options.items)))


if __name__ == "__main__":
    main()
