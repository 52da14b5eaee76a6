"""The list of everything scored: found, filtered and sorted by what stands in the URL; as a page and as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, render_template

from app.api.reading import pipeline
from app.api.tables import as_csv
from app.dashboards import asked, links, standing, words
from app.dashboards.blueprint import blueprint
from app.dashboards.organisation import tabs
from app.policy.model import Scorecard
from app.store.standing_rows import Line, LineFilter
from app.store.standings import Standings, place

PAGE = 50
_CHUNK = 1000
_COLUMNS = (
    "entity", "title", "owner", "system", "type", "lifecycle", "tier", "level", "target_level", "meets_target",
    "score", "coverage", "next_level", "failing_before_next", "unseen_before_next", "effort_minutes",
)  # fmt: skip


@blueprint.get("/entities")
def services() -> str:
    """One page of the list."""
    card, sort = asked.card(), asked.sort()
    where = asked.lines(card)
    standings = pipeline().store.standings
    found = standings.lines(where, sort=sort, after=asked.after(), limit=PAGE + 1)
    more = asked.here(after=asked.cursor(place(found[PAGE - 1], sort))) if len(found) > PAGE else ""
    query = asked.query()
    return render_template(
        "services.html",
        card=card,
        first_card=asked.cards()[0].id,
        cards=tabs(standings.levels(), card),
        query=query,
        sort=sort,
        total=standings.count(where),
        lines=[standing.row(card, line) for line in found[:PAGE]],
        owners=pipeline().store.groups.tree().titles,
        levels=words.levels(card),
        tiers=pipeline().policy.tiers,
        narrowed=_narrowed(query, card),
        more=more,
        first_href=asked.here() if asked.after() else "",
        csv_href=_csv_href(),
        named=links.named,
    )


def _csv_href() -> str:
    return asked.here().replace("/entities", "/entities.csv", 1)


def _narrowed(query: dict[str, str], card: Scorecard) -> list[dict[str, str]]:
    """Filters that came with a link rather than from the form, each with the way to drop it."""
    found = []
    for name in ("system", "kind", "type", "lifecycle"):
        if name in query:
            found.append({"text": f"{name}: {links.named(query[name])}", "href": asked.here(**{name: None})})
    if "check" in query:
        check = pipeline().policy.checks.get(query["check"])
        title = check.title if check else query["check"]
        outcome = words.spoken(query.get("outcome", "fail"))
        found.append({"text": f"{outcome}: {title}", "href": asked.here(check=None, outcome=None)})
    return found


@blueprint.get("/entities.csv")
def services_csv() -> Response:
    """The whole list, with the same filters."""
    card, sort = asked.card(), asked.sort()
    rows = _rows(pipeline().store.standings, asked.lines(card), sort)
    return as_csv(_COLUMNS, rows, card.id, for_people=True)


def _rows(standings: Standings, where: LineFilter, sort: str) -> Iterator[list[object]]:
    """Line by line, a thousand read at a time: a long list is never held whole."""
    found = standings.lines(where, sort=sort, limit=_CHUNK)
    while found:
        yield from map(_cells, found)
        found = standings.lines(where, sort=sort, after=place(found[-1], sort), limit=_CHUNK)


def _cells(line: Line) -> list[object]:
    met = {"on": True, "below": False, "": None}[line.held]
    score, coverage = (None if share is None else round(share, 4) for share in (line.score, line.coverage))
    return [
        line.entity, line.title, line.owner, line.system, line.type, line.lifecycle, line.tier, line.level,
        line.target_level, met, score, coverage, line.next_level, line.failing, line.unseen, line.effort_seconds // 60,
    ]  # fmt: skip
