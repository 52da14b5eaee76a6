"""From a query to a list of entities: filters, sorting, paging, for `/entities` and `/scorecards/{id}/results`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort

from app.api.reading import pipeline
from app.api.tables import answered
from app.catalog.model import EntityRef
from app.policy.model import Scorecard
from app.store.filters import EntityFilter
from app.store.model import refs_of

_FIRST = "sre-maturity"


def listed(where: EntityFilter, query: Mapping[str, Any], name: str) -> Response:
    """The list as asked for. A query that makes no sense is a 422."""
    try:
        return answered(pipeline().store.listing, where, query, name)
    except ValueError as error:
        abort(422, str(error))


def default_scorecard() -> str:
    """The scorecard that is meant when none is named."""
    cards = pipeline().policy.scorecards
    return _FIRST if _FIRST in cards else next(iter(cards), "")


def filter_of(query: Mapping[str, Any], scorecard: str, levels: Sequence[str] = ()) -> EntityFilter:
    """A filter from a query; an owner stands for the groups below it too. What policy does not know is a 422: an empty
    list would say that nothing fails."""
    _must_be_known(query, scorecard)
    return EntityFilter(
        kinds=_lower(query.get("kind")),
        namespaces=_lower(query.get("namespace")),
        types=_either(query.get("type")),
        lifecycles=_either(query.get("lifecycle")),
        tiers=_either(query.get("tier")),
        owners=owners_of(parsed_ref(query["owner"], "group")) if "owner" in query else (),
        systems=(parsed_ref(query["system"], "system"),) if "system" in query else (),
        domain=parsed_ref(query["domain"], "domain") if "domain" in query else None,
        text=query.get("q", ""),
        scorecard=scorecard,
        levels=query.get("level", levels),
        meets_target=query.get("meets_target"),
        check=query.get("check", ""),
        outcomes=query.get("outcome", ()),
        orphans=query.get("orphans", False),
    )


def levels_of(card: Scorecard) -> tuple[str, ...]:
    """Every level that a result of it may have."""
    return ("none", "not_rated", *(level.id for level in card.levels))


def _must_be_known(query: Mapping[str, Any], scorecard: str) -> None:
    cards = pipeline().policy.scorecards
    card = cards.get(scorecard)
    if card is None:
        if "scorecard" in query:
            abort(422, f"scorecard: there is no scorecard {scorecard}; there are {', '.join(cards)}.")
        return
    if (check := query.get("check")) and check not in {entry.check for entry in card.entries}:
        asking = [one.id for one in cards.values() if check in {entry.check for entry in one.entries}]
        hint = f"; scorecard={asking[0]} does" if asking else ""
        abort(422, f"check: {scorecard} asks no check {check}{hint}.")
    if unknown := [level for level in query.get("level", ()) if level not in levels_of(card)]:
        abort(422, f"level: {unknown[0]} is no level of {scorecard}; its levels are {', '.join(levels_of(card))}.")


def owners_of(group: EntityRef) -> tuple[EntityRef, ...]:
    """A group and all groups below it."""
    return refs_of(pipeline().store.groups.tree().below(str(group)))


def parsed_ref(text: str, kind: str) -> EntityRef:
    """A reference from a query. What is none is a 422."""
    try:
        return EntityRef.parse(text, kind=kind)
    except ValueError as error:
        abort(422, str(error))


def _either(words: Sequence[str] | None) -> tuple[str, ...]:
    """As written, and lower-case: descriptors write both."""
    return tuple(dict.fromkeys((*(words or ()), *_lower(words))))


def _lower(words: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(word.lower() for word in words or ())
