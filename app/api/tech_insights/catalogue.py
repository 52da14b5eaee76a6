"""Our checks as Tech Insights lists them, from the policy in force: one a check, and one a scorecard for its target.

A check that several scorecards ask is listed once, under the lowest of its ranks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.lib.forge_urls import NONE, Forges
from app.lib.times import format_duration
from app.policy.model import Check, Entry, Policy, Scorecard
from app.policy.remediation import generic

TYPE = "json-rules-engine"
"""The only type the stock front end has a renderer for: a boolean."""
TARGET = ":meets-target"
"""Ends the id of a scorecard's own boolean; no check's id can hold a colon."""
SCORECARD = "scorecard:"
"""Begins the id of the facts that a scorecard's own boolean rests on."""
_AREAS = {"oncall": "On-call", "slo": "Objectives", "slos": "Objectives"}
_RANKS = 3
_NOT_FACTS = ("item", "params", "entity", "now")


@dataclass(frozen=True, slots=True)
class Listed:
    """What never changes from entity to entity. `category` is the area's title, `rank` 1..3."""

    id: str
    name: str
    why: str
    fact_ids: tuple[str, ...]
    category: str
    rank: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`checks` by id, `cards` by scorecard; `body` is what `GET /checks` answers. `public_url` as in `catalogue_of`.

    `ranks`: scorecard → level → rank. `fixed` keeps what was dumped once (see `runs`).
    """

    version: str
    public_url: str
    cards: Mapping[str, Scorecard]
    checks: Mapping[str, Listed]
    body: tuple[dict[str, Any], ...]
    ranks: Mapping[str, Mapping[str, int]]
    forges: Forges = field(default_factory=dict)
    fixed: dict[tuple[object, ...], bytes] = field(default_factory=dict, compare=False, repr=False)


def catalogue_of(policy: Policy, public_url: str = "", forges: Forges = NONE) -> Catalogue:
    """Everything `GET /checks` tells. `public_url` "" leaves out the links to our own pages."""
    checks: dict[str, Listed] = {}
    body: list[dict[str, Any]] = []
    for card in policy.scorecards.values():
        listed = _target(card)
        checks[listed.id] = listed
        body.append(_json(listed, {"scorecard": card.id}, card_links(card.id, public_url)))
    for card, entry in sorted(_entries(policy), key=lambda pair: rank(pair[0], pair[1].level)):
        if entry.check in checks:
            continue
        check = policy.checks[entry.check]
        checks[check.id] = listed = _listed(check, card, entry)
        body.append(_json(listed, _metadata(check, card, entry), links_of(check.help_url, check.id, public_url)))
    ranks = {card.id: {level.id: rank(card, level.id) for level in card.levels} for card in policy.scorecards.values()}
    return Catalogue(policy.version, public_url, policy.scorecards, checks, tuple(body), ranks, forges)


def rank(card: Scorecard, level: str) -> int:
    """A level as the maturity widgets count: 1 bronze, 2 silver, 3 gold; 0 none. More levels share the three."""
    place, levels = max(0, card.rank(level)), len(card.levels)
    return place if levels <= _RANKS else math.ceil(place * _RANKS / levels)


def area_title(area: str) -> str:
    return _AREAS.get(area, area.replace("-", " ").capitalize())


def links_of(help_url: str, check: str, public_url: str) -> list[dict[str, str]]:
    """Where a person reads how to fix it."""
    helped = [{"title": "Guidance", "url": help_url}] if help_url.startswith(("https://", "http://")) else []
    return helped + _links("About this check", public_url, "checks", check)


def card_links(card: str, public_url: str) -> list[dict[str, str]]:
    return _links("About this scorecard", public_url, "scorecards", card)


def _links(title: str, public_url: str, *path: str) -> list[dict[str, str]]:
    return [{"title": title, "url": "/".join((public_url, *path))}] if public_url else []


def _entries(policy: Policy) -> list[tuple[Scorecard, Entry]]:
    return [(card, entry) for card in policy.scorecards.values() for entry in card.entries]


def _target(card: Scorecard) -> Listed:
    targets = [rank(card, level) for level in card.targets.values()] or [1]
    return Listed(
        id=f"{card.id}{TARGET}",
        name=f"{card.title}: meets its target level",
        why=f"Says whether the entity stands at the level that policy asks of its tier on {card.title}.",
        fact_ids=(f"{SCORECARD}{card.id}",),
        category=card.title,
        rank=min(targets),
    )


def _listed(check: Check, card: Scorecard, entry: Entry) -> Listed:
    return Listed(check.id, check.title, check.why, _fact_ids(check), area_title(check.area), rank(card, entry.level))


def _fact_ids(check: Check) -> tuple[str, ...]:
    """The groups of facts its rules read; a rule over the entity alone rests on the catalog's."""
    groups = [name.split(".")[0] for name in ((check.each,) if check.each else ()) + check.names]
    return tuple(dict.fromkeys(group for group in groups if group not in _NOT_FACTS)) or ("catalog",)


def _metadata(check: Check, card: Scorecard, entry: Entry) -> dict[str, Any]:
    return {
        "solution": generic(check.remediation),
        "effort": format_duration(check.effort),
        "level": entry.level,
        "weight": entry.weight,
        "scorecard": card.id,
        "source": check.source,
        "owner": check.owner,
    }


def _json(listed: Listed, more: Mapping[str, Any], links: list[dict[str, str]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": listed.id,
        "type": TYPE,
        "name": listed.name,
        "description": listed.why,
        "factIds": list(listed.fact_ids),
        "metadata": {"category": listed.category, "rank": listed.rank, **more},
    }
    return {**body, "links": links} if links else body
