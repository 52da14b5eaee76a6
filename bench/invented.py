"""Invented teams, services and results for `filled`: names from a seed, results from the engine over real facts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.catalog.model import Entity, EntityRef, Relation
from app.facts.model import Facts
from app.pipeline.judge import result_row
from app.pipeline.services import Pipeline
from app.policy.evaluate import evaluate
from app.policy.model import Policy, Subject
from app.store.model import ResultRow

CARD = "sre-maturity"
MODEL = EntityRef("component", "default", "payments")
"""The sample's best service: its facts, with more and more broken, are everyone's."""
_DEPARTMENTS = "Checkout Payments Catalogue Logistics Customer Data Platform Growth Marketplace Finance"
_TEAMS = """Atlas Beacon Cobalt Delta Ember Falcon Granite Harbour Indigo Juniper
Kestrel Lumen Meridian Nimbus Orchid Pioneer Quartz Rowan Summit Tundra"""
_THINGS = """ledger invoice refund basket price stock parcel route address profile session search ranking review voucher
loyalty fraud risk payout settlement tax shipment pick label image feed event metric config flag token message mail push
report"""
_ROLES = "api worker gateway store sync engine view import export scheduler"
DEPARTMENTS, TEAMS, THINGS, ROLES = (words.split() for words in (_DEPARTMENTS, _TEAMS, _THINGS, _ROLES))


@dataclass(frozen=True)
class Template:
    """A result that many entities will have."""

    row: ResultRow
    outcomes: Mapping[str, str]


def groups(count: int) -> tuple[list[Entity], list[str]]:
    """A company, its departments and their teams, one for some twenty services; and the teams, which own them."""
    teams = max(4, count // 20)
    departments = max(2, min(len(DEPARTMENTS), teams // 4))
    company = _group("acme-corp")
    titles = {company: "Acme"}
    below: dict[EntityRef, list[EntityRef]] = {company: []}
    leaves = []
    for number in range(teams):
        department = DEPARTMENTS[number % departments]
        title = TEAMS[number % len(TEAMS)] + ("" if number < len(TEAMS) else f" {number // len(TEAMS) + 1}")
        parent, team = _group(f"{department.lower()}-department"), _group(title.lower().replace(" ", "-"))
        titles[parent], titles[team] = department, title
        below.setdefault(parent, []).append(team)
        leaves.append(str(team))
    below[company] = [ref for ref in below if ref != company]
    made = [entity(ref, title, [("parentOf", child) for child in below.get(ref, ())]) for ref, title in titles.items()]
    return made, leaves


def services(dice: random.Random, count: int, leaves: list[str]) -> Iterator[Entity]:
    for number in range(count):
        turn, rest = divmod(number, len(THINGS) * len(ROLES))
        name = f"{THINGS[rest % len(THINGS)]}-{ROLES[rest // len(THINGS)]}" + (f"-{turn + 1}" if turn else "")
        yield entity(EntityRef("component", "default", name), name, [("ownedBy", EntityRef.parse(dice.choice(leaves)))])


def _group(name: str) -> EntityRef:
    return EntityRef("group", "default", name)


def entity(ref: EntityRef, title: str, relations: list[tuple[str, EntityRef]]) -> Entity:
    kind = ref.kind.title()
    document = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": ref.name, "title": title},
        "spec": {"type": "team" if kind == "Group" else "service", "lifecycle": "production"},
    }
    links = tuple(Relation(ref, name, target) for name, target in relations)
    return Entity(ref=ref, kind=kind, name=ref.name, namespace="default", document=document, relations=links)


def templates(pipeline: Pipeline, dice: random.Random, now: datetime, number: int = 80) -> Iterator[Template]:
    """Results of the engine: the model's facts with what no live system told added, then some checks' facts broken."""
    policy, card = pipeline.policy, pipeline.policy.scorecards[CARD]
    model = Facts.merge(pipeline.store.judgements.facts(MODEL), now)
    best = _with_examples(policy, model, [entry.check for entry in card.entries if entry.level == "gold"], "pass")
    for _ in range(number):
        facts = best if dice.random() < 0.4 else model
        level = dice.choices(("bronze", "silver", "gold", "any"), (3, 4, 2, 3))[0]
        asked = [entry.check for entry in card.entries if level in (entry.level, "any")]
        broken = dice.sample(asked, min(len(asked), dice.choices((0, 1, 2, 3, 5), (4, 5, 4, 3, 2))[0]))
        subject = Subject(
            ref=str(MODEL), kind="component", type="service", tier=dice.choice(policy.tiers), name=MODEL.name,
            lifecycle="production", owner="group:default/payments", system="system:default/money",
        )  # fmt: skip
        result = evaluate(policy, card, subject, _with_examples(policy, facts, broken, "fail"), now, commit="a" * 40)
        yield Template(result_row(MODEL, result), {check.check.id: str(check.outcome) for check in result.checks})


def _with_examples(policy: Policy, facts: Facts, checks: list[str], outcome: str) -> Facts:
    """The facts, changed as the first example with this outcome of each check says; items keep their other fields."""
    values, unknown = dict(facts.values), dict(facts.unknown)
    for check in checks:
        example = next((one for one in policy.checks[check].examples if one.outcome == outcome), None)
        for name, value in example.facts.items() if example else ():
            values[name] = _merged(values.get(name), value)
            unknown.pop(name, None)
    return replace(facts, values=values, unknown=unknown)


def _merged(before: Any, example: Any) -> Any:
    if not (isinstance(before, list) and isinstance(example, list) and before and example):
        return example
    place = {"path", "line", "name"}
    changed = {key: value for key, value in example[0].items() if key not in place}
    return [{**before[0], **changed}, *before[1:]]
