"""What another policy would change: entities judged again from their stored facts, beside what is stored. Nothing kept.

What the other policy says of attribution and of where facts are found is not applied: that needs another look at
every object. Entities without a result now are not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.catalog.model import Catalog, EntityRef
from app.facts.parameters import Parameters
from app.pipeline.scoring import parameters_of, rejudge, subject_of
from app.policy.model import Policy
from app.store.store import Store


@dataclass(frozen=True, slots=True)
class Turned:
    """One check that would come out in another way; "" where it is not asked."""

    check: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Impact:
    """One entity on one scorecard, when its level or any check would be another. "" level: the card does not apply."""

    entity: EntityRef
    scorecard: str
    level_before: str
    level_after: str
    turned: tuple[Turned, ...]


def preview(store: Store, catalog: Catalog, policy: Policy, refs: Sequence[EntityRef], now: datetime) -> list[Impact]:
    """The impact of a policy on these entities, in their order; those that stay as they are are left out."""
    parameters = parameters_of(policy)
    return [impact for ref in refs for impact in _of(store, catalog, policy, parameters, ref, now)]


def impact_json(one: Impact) -> dict[str, Any]:
    """Plain data: what the command and the API both tell."""
    return {
        "entity": str(one.entity),
        "scorecard": one.scorecard,
        "level_before": one.level_before or None,
        "level_after": one.level_after or None,
        "checks": [
            {"check": turned.check, "before": turned.before or None, "after": turned.after or None}
            for turned in one.turned
        ],
    }


def _of(
    store: Store, catalog: Catalog, policy: Policy, parameters: Parameters, ref: EntityRef, now: datetime
) -> list[Impact]:
    entity = catalog.get(ref)
    if entity is None:
        return []
    before = {row.scorecard: row for row in store.judgements.results(ref)}
    outcomes = store.judgements.outcomes(ref)
    commit = next((row.commit for row in before.values()), "")
    subject = subject_of(entity, catalog, parameters)
    waivers = store.waivers.in_force([ref], now).get(ref, ())
    judged = rejudge(policy, entity, subject, store.judgements.facts(ref), now, commit=commit, waivers=waivers)
    after = {result.scorecard.id: result for result in judged.results}
    found = []
    for card in sorted({*before, *after}, key=lambda card: (policy.place(card), card)):
        was = {check: outcome for (name, check), (outcome, _) in outcomes.items() if name == card}
        becomes = {one.check.id: str(one.outcome) for one in after[card].checks} if card in after else {}
        names = sorted(name for name in {*was, *becomes} if was.get(name) != becomes.get(name))
        levels = (before[card].level if card in before else "", after[card].level if card in after else "")
        if names or levels[0] != levels[1]:
            turned = tuple(Turned(name, was.get(name, ""), becomes.get(name, "")) for name in names)
            found.append(Impact(ref, card, *levels, turned))
    return found
