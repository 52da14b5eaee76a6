"""A team's page: where it stands, what changed this week and why, what to do next; then service by service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import render_template

from app.api.reading import entity_of, pipeline, ref_of
from app.dashboards import asked, heat, links, plan, standing, words
from app.dashboards.blueprint import blueprint
from app.dashboards.organisation import tabs
from app.policy.model import Scorecard
from app.store.standing_rows import Line, LineFilter
from app.store.team_counts import EVERYONE

WEEK = timedelta(days=7)
GRID = 24
"""Services in the grid of checks: as many as can be taken in at once."""
FEW_TEAMS = 50
"""Above so many teams, single services say nothing: the page shows the teams."""


@blueprint.get("/groups/<namespace>/<name>")
def group(namespace: str, name: str) -> str:
    """A group with all groups below it."""
    entity = entity_of(ref_of("group", namespace, name))
    one = pipeline()
    store, now, ref = one.store, one.clock(), str(entity.ref)
    tree = store.groups.tree()
    owners = tree.below(ref)
    few = len(owners) <= FEW_TEAMS
    levels, begin = store.standings.levels([ref]), asked.teams()
    card = asked.card([key for key, found in levels.items() if ref in found])
    lines = store.standings.lines(LineFilter(scorecard=card.id, owners=owners), limit=GRID)
    outcomes = store.standings.outcomes([line.entity for line in lines], card.id)
    points = store.standings.trend(card.id, ref, since=now.date() - timedelta(days=standing.TREND_DAYS))
    return render_template(
        "team.html",
        team={"ref": ref, "title": entity.title, "description": str(entity.metadata.get("description") or "")},
        above=[{"title": tree.titles[one], "href": links.entity(one)} for one in reversed(tree.above(ref))],
        card=card,
        cards=tabs({key: {EVERYONE: found[ref]} for key, found in levels.items() if ref in found}, card),
        stand=standing.levels(card, levels.get(card.id, {}).get(ref), owner=ref),
        changed=_changed(card, owners),
        plans=plan.cheapest(owners) if few else [],
        helps=[] if few else plan.helping(ref),
        obstacles=standing.obstacles(one.policy, card, store.standings.obstacles(card.id, ref)),
        lines=[standing.row(card, line) for line in lines],
        grid=_grid(card, lines, outcomes),
        trend=standing.trend(card, points, now.date()),
        heat=heat.rows(store.standings, tree, one.policy, card, tree.children.get(ref, ()), begin=begin),
        more_href=asked.here(teams=begin + heat.MOST_ROWS),
        all_href=links.listed(scorecard=card.id, owner=ref),
    )


def _changed(card: Scorecard, owners: tuple[str, ...]) -> list[dict[str, Any]]:
    """This week's changes of levels, and of single checks while there is room; newest first."""
    one = pipeline()
    since = one.clock() - WEEK
    found = one.store.changes.of_owners(owners, card.id, "level", since, limit=8)
    if len(found) < 6:
        found += one.store.changes.of_owners(owners, card.id, "outcome", since, limit=8 - len(found))
    found.sort(key=lambda change: -change.cursor)
    titles = one.store.standings.titles([str(change.entity) for change in found])
    return standing.changes(one.policy, card, found, titles)


def _grid(card: Scorecard, lines: list[Line], outcomes: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Checks against services, by area; those nobody fails apart."""
    policy = pipeline().policy
    rows: list[dict[str, Any]] = []
    unseen: list[dict[str, Any]] = []
    quiet: list[dict[str, Any]] = []
    for entry in card.entries:
        check = policy.checks[entry.check]
        cells = [outcomes.get(line.entity, {}).get(check.id, "") for line in lines]
        failing = cells.count("fail")
        row = {
            "title": check.title,
            "href": links.check(check.id),
            "area": words.area(check.area),
            "level": words.level(card, entry.level),
            "effort": check.effort.total_seconds(),
            "cells": cells,
            "failing": failing,
        }
        hidden = any(cell in words.UNSEEN for cell in cells)
        (rows if failing else unseen if hidden else quiet).append(row)
    rows.sort(key=lambda row: (row["level"].rank, -row["failing"]))
    services = [{"title": line.title, "href": links.entity(line.entity)} for line in lines]
    return {"services": services, "rows": rows, "unseen": unseen, "quiet": quiet}
