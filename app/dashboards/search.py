"""Search: teams, services, checks and scorecards by a part of their name; an exact and only hit is opened at once."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from app.api.reading import pipeline
from app.catalog.model import EntityRef
from app.dashboards import asked, links, standing
from app.dashboards.blueprint import blueprint
from app.store.standing_rows import LineFilter

MOST = 12


@blueprint.get("/search")
def search() -> str | BaseResponse:
    """Hits by kind of thing, each with the way to the whole list."""
    wanted = asked.text("q")
    exact = _exact(wanted)
    if exact:
        return redirect(exact, 303)
    words = wanted.casefold()
    return render_template(
        "search.html",
        q=wanted,
        teams=_teams(words) if words else [],
        services=_services(wanted) if words else [],
        checks=_checks(words) if words else [],
    )


def _exact(wanted: str) -> str:
    """The page of what was named in full: an entity reference, or a check's id."""
    one = pipeline()
    if wanted in one.policy.checks:
        return links.check(wanted)
    if ":" not in wanted:
        return ""
    try:
        ref = EntityRef.parse(wanted)
    except ValueError:
        return ""
    return links.entity(ref) if one.store.entities.state(ref) is not None else ""


def _teams(words: str) -> list[dict[str, str]]:
    tree = pipeline().store.groups.tree()
    found = [ref for ref, title in tree.titles.items() if words in title.casefold() or words in ref]
    return [
        {"title": tree.titles[ref], "ref": ref, "href": links.entity(ref)} for ref in sorted(found, key=tree.order)
    ][:MOST]


def _services(wanted: str) -> list[dict[str, Any]]:
    """On each scorecard, so that an API and a database of the same name are both found."""
    one = pipeline()
    found = []
    for card in asked.cards():
        lines = one.store.standings.lines(LineFilter(scorecard=card.id, text=wanted), sort="name", limit=MOST + 1)
        if lines:
            found.append(
                {
                    "card": card,
                    "lines": [standing.row(card, line) for line in lines[:MOST]],
                    "more": links.listed(scorecard=card.id, q=wanted) if len(lines) > MOST else "",
                }
            )
    return found


def _checks(words: str) -> list[dict[str, str]]:
    found = [
        check for check in pipeline().policy.checks.values() if words in check.title.casefold() or words in check.id
    ]
    return [{"title": check.title, "id": check.id, "href": links.check(check.id)} for check in found][:MOST]
