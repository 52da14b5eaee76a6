"""Which items fail a check, all of them: for whoever mends them. `telling` names the first fifty, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.facts.model import Facts
from app.policy.asks import questionnaire
from app.policy.counting import standings_of
from app.policy.model import Policy, Scorecard, Subject
from app.policy.rules import STANDS_FAILED
from app.policy.scene import Scene, entity_names


@dataclass(frozen=True, slots=True)
class Failing:
    """`items` of the check's list that fail it; none where it asks no list. `parameters` by their bare names."""

    items: tuple[Mapping[str, Any], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


def failing(policy: Policy, scorecard: Scorecard, subject: Subject, facts: Facts, now: datetime, check: str) -> Failing:
    """What fails one check of a scorecard, by the same rules that judged it."""
    ask = questionnaire(policy, scorecard, subject.tier).by_check[check]
    parameters = {name.removeprefix("params."): value for name, value in ask.parameters.items()}
    items = Scene(facts, entity_names(subject), now).items(ask.showing) if ask.check.each else None
    if items is None or items.no_list:
        return Failing(parameters=parameters)
    standings, _ = standings_of(ask, items)
    pairs = zip(items.found, standings, strict=False)
    return Failing(tuple(found[0] for found, standing in pairs if standing == STANDS_FAILED), parameters)
