"""What a page was asked for: the scorecard, filters, the place in a list. Everything stands in the URL."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Container, Sequence
from typing import Any

from flask import abort, request, url_for

from app.api.reading import pipeline
from app.catalog.model import EntityRef
from app.policy.model import Scorecard
from app.store.standing_rows import LineFilter
from app.store.standings import SORTS

FILTERS = ("q", "owner", "kind", "type", "tier", "lifecycle", "system", "level", "target", "check", "outcome", "sort")
LISTS = ("dashboards.services",)
"""Pages that the filters are of."""
_LONGEST = 200


def text(name: str) -> str:
    return request.args.get(name, "").strip()[:_LONGEST]


def card(used: Container[str] = ()) -> Scorecard:
    """The scorecard asked for; else the first one of those `used`, or the first. 404 for one policy doesn't have."""
    known = pipeline().policy.scorecards
    name = text("scorecard")
    if name and name not in known:
        abort(404, f"There is no scorecard “{name}”. Those in force: {', '.join(known)}.")
    return known[name] if name else next((card for card in cards() if card.id in used), cards()[0])


def cards() -> list[Scorecard]:
    """Every scorecard in force, as policy orders them; the first is shown unless another is asked for."""
    return list(pipeline().policy.scorecards.values())


def query() -> dict[str, str]:
    """Every filter that is set, as the URL says it."""
    return {name: value for name in FILTERS if (value := text(name))}


def sort() -> str:
    """How the list is sorted. 422 for an unknown way."""
    wanted = text("sort") or "level"
    if wanted not in SORTS:
        abort(422, f"“{wanted}” is not a way to sort; use one of {', '.join(SORTS)}.")
    return wanted


def lines(scorecard: Scorecard) -> LineFilter:
    """The filter of the services list. An owner stands for the groups below it too. 422 for a broken reference."""
    return LineFilter(
        scorecard=scorecard.id,
        owners=_owners(text("owner")),
        kinds=_one("kind"),
        types=_one("type"),
        tiers=_one("tier"),
        lifecycles=_one("lifecycle"),
        systems=(_ref(text("system"), "system"),) if text("system") else (),
        ranks=_ranks(scorecard, text("level")),
        held={"met": "on", "below": "below"}.get(text("target"), ""),
        text=text("q"),
        check=text("check"),
        outcome=(text("outcome") or "fail") if text("check") else "",
    )


def _ranks(scorecard: Scorecard, level: str) -> Sequence[int]:
    if not level:
        return ()
    known = ("none", "not_rated", *(one.id for one in scorecard.levels))
    if level not in known:
        abort(422, f"“{level}” is no level of {scorecard.title}; use one of {', '.join(known)}.")
    return (scorecard.rank(level),)


def _owners(owner: str) -> Sequence[str]:
    if not owner:
        return ()
    if owner == "nobody":
        return ("",)
    return pipeline().store.groups.tree().below(_ref(owner, "group"))


def _ref(value: str, kind: str) -> str:
    try:
        return str(EntityRef.parse(value, kind=kind))
    except ValueError as error:
        abort(422, f"{str(error).capitalize()}.")


def _one(name: str) -> tuple[str, ...]:
    return (text(name),) if text(name) else ()


def teams() -> int:
    """How many teams of a heat map are passed over. 422 for what is no number."""
    passed = text("teams") or "0"
    if not (passed.isascii() and passed.isdigit() and len(passed) < 7):
        abort(422, "That is no place in the list of teams.")
    return int(passed)


def after() -> list[Any] | None:
    """The place where the page before ended. 422 for what no page gave."""
    cursor = request.args.get("after", "")
    if not cursor:
        return None
    try:
        found = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        found = None
    if (
        not isinstance(found, list)
        or not 2 <= len(found) <= 3
        or not all(isinstance(part, str | int) for part in found)
    ):
        abort(422, "This link to a further page is broken: begin again at the first.")
    return found


def cursor(place: Sequence[Any]) -> str:
    return urlsafe_b64encode(json.dumps(place, ensure_ascii=True).encode()).decode().rstrip("=")


def here(**changes: Any) -> str:
    """This page's URL with other values; None takes one away, and a change begins at the first page."""
    endpoint = request.endpoint or ""
    filters = query() if endpoint in LISTS else {}
    place: dict[str, Any] = {**(request.view_args or {}), **filters, "scorecard": text("scorecard"), **changes}
    return url_for(endpoint, **{key: value for key, value in place.items() if value not in (None, "")})
