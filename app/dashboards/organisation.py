"""The front page: where the organisation stands, how that went, where it burns, what to fix first, and is all seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import render_template

from app.api.reading import pipeline
from app.dashboards import asked, heat, links, plan, standing, words
from app.dashboards.blueprint import blueprint
from app.policy.model import Scorecard
from app.store.changes import Movement
from app.store.feedback import Voices
from app.store.gauges import ALIVE
from app.store.standing_rows import Levels
from app.store.team_counts import EVERYONE

MOVED_WITHIN = timedelta(days=30)
VOICES_WITHIN = timedelta(days=90)


@blueprint.get("/")
def organisation() -> str:
    """Levels and targets of everything scored, by scorecard."""
    one = pipeline()
    store, now = one.store, one.clock()
    levels, begin = store.standings.levels(), asked.teams()
    card = asked.card(levels)
    tree = store.groups.tree()
    rose, fell = store.changes.movements(
        card.id, {level.id: card.rank(level.id) for level in card.levels}, now - MOVED_WITHIN
    )
    voices = store.feedback.by_check(now - VOICES_WITHIN)
    points = store.standings.trend(card.id, since=now.date() - timedelta(days=standing.TREND_DAYS))
    trend = standing.trend(card, points, now.date())
    heard_at = store.workers.heard_at()
    return render_template(
        "organisation.html",
        card=card,
        cards=tabs(levels, card),
        stand=standing.levels(card, levels.get(card.id, {}).get(EVERYONE)),
        trend=trend,
        helps=[] if trend else plan.helping(EVERYONE, limit=4),
        heat=heat.rows(store.standings, tree, one.policy, card, tree.roots(), begin=begin, others=not begin),
        more_href=asked.here(teams=begin + heat.MOST_ROWS),
        rose=[_moved(movement, tree.titles) for movement in rose],
        fell=[_moved(movement, tree.titles) for movement in fell],
        failed=_failed(card, voices),
        health=store.tally.health(now),
        providers=sorted(store.repositories.providers(), key=lambda one: not one.error),
        voices=Voices(sum(v.helped for v in voices.values()), sum(v.stuck for v in voices.values())),
        waiting=store.team_counts.waiting(),
        silent=heard_at is None or now - heard_at > ALIVE,
        limited=store.sight.is_limited,
    )


def tabs(levels: dict[str, dict[str, Levels]], current: Scorecard) -> list[dict[str, Any]]:
    """Every scorecard that anything stands on, and the chosen one, each with its distribution of levels."""
    found = [(card, levels.get(card.id, {}).get(EVERYONE, Levels())) for card in asked.cards()]
    return [
        {
            "title": card.title,
            "href": asked.here(scorecard=card.id),
            "current": card == current,
            "total": stand.total,
            "on_target": stand.on_target,
            "with_target": stand.with_target,
            "parts": standing.bar(card, stand),
        }
        for card, stand in found
        if stand.total or card == current
    ]


def _moved(movement: Movement, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": movement.title,
        "href": links.entity(movement.entity),
        "levels": abs(movement.levels),
        "waived": movement.waived,
        "at": movement.last_at,
        "owner": titles.get(movement.owner) or links.named(movement.owner) or "nobody",
        "owner_href": links.entity(movement.owner) if movement.owner.startswith("group:") else "",
    }


def _failed(card: Scorecard, voices: dict[str, Voices], limit: int = 10) -> list[dict[str, Any]]:
    """Checks that most entities fail, with the effort to mend one."""
    policy = pipeline().policy
    found = pipeline().store.standings.checks(card.id)
    rows: list[dict[str, Any]] = []
    for entry in card.entries:
        counts, check = found.get(entry.check, {}), policy.checks[entry.check]
        judged = counts.get("pass", 0) + counts.get("fail", 0)
        if counts.get("fail"):
            rows.append(
                {
                    "title": check.title,
                    "href": links.check(check.id),
                    "failing": counts["fail"],
                    "judged": judged,
                    "share": 100 * counts["fail"] / judged,
                    "effort": check.effort.total_seconds(),
                    "level": words.level(card, entry.level),
                    "listed": links.listed(scorecard=card.id, check=check.id, outcome="fail"),
                    "voices": voices.get(check.id),
                }
            )
    return sorted(rows, key=lambda row: -row["failing"])[:limit]
