"""Judging 10,000 entities × 30 checks against the same compiled evaluations alone, facts in memory."""

from __future__ import annotations

import time
from datetime import timedelta

from app.facts.groups import SCHEMA
from app.facts.model import Facts
from app.policy.documents import load
from app.policy.evaluate import entity_names, evaluate, parameters_of
from app.policy.model import Policy, Subject
from app.services import packaged
from bench.org import NOW

_ENTITIES = 10_000


def facts_of(policy: Policy) -> Facts:
    """Passing facts put together from the checks' own examples."""
    facts = Facts(collected_at=NOW)
    for check in policy.checks.values():
        for example in check.examples:
            if example.outcome == "pass":
                for name, value in example.facts.items():
                    facts.values.setdefault(name, value)
    return facts


def run(entities: int = _ENTITIES) -> tuple[str, float, float, float]:
    policy = load(packaged("scorecards"), SCHEMA)
    card = policy.scorecards["sre-maturity"]
    facts = facts_of(policy)
    subjects = [
        Subject(ref=f"component:default/s{n}", kind="component", type="service", tier="t2", name=f"s{n}")
        for n in range(entities)
    ]
    began = time.perf_counter()
    for subject in subjects:
        evaluate(policy, card, subject, facts, NOW + timedelta(days=1))
    ours = time.perf_counter() - began
    return f"judging {entities:,} entities x {len(card.entries)} checks", ours, _floor(policy, facts, subjects), 2.0


def _floor(policy: Policy, facts: Facts, subjects: list[Subject]) -> float:
    """The same rules on the same values: one activation and one evaluation for each rule and item."""
    card = policy.scorecards["sre-maturity"]
    work = []
    names = entity_names(subjects[0]) | {"now": NOW + timedelta(days=1)} | facts.values
    for entry in card.entries:
        check = policy.checks[entry.check]
        known = names | parameters_of(policy, entry, "t2")
        rules = [rule for rule in (check.where, check.unknown, check.require) if rule is not None]
        used = {name for rule in rules for name in rule.names}
        items = facts.values.get(check.each, [{}]) if check.each else [{}]
        for item in items:
            data = {name: known[name] for name in used if name in known} | _fields(item, used)
            work.append((check.require.activation, data, [rule.program for rule in rules]))
    began = time.perf_counter()
    for _ in subjects:
        for activation, data, programs in work:
            values = activation(data)
            for program in programs:
                program.eval(values).value()
    return time.perf_counter() - began


def _fields(item: dict[str, object], used: set[str]) -> dict[str, object]:
    found = {}
    for name in used:
        node: object = item
        for part in name.split(".")[1:] if name.startswith("item.") else ():
            node = node.get(part) if isinstance(node, dict) else None
        if name.startswith("item.") and node is not None:
            found[name] = node
    return found
