"""One entity's results as its page shows them: the ladder of levels, the way up, checks by area, what was not seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import json

from app.catalog.model import Entity
from app.dashboards import charts, links, words
from app.lib.times import parse_duration
from app.policy.model import Policy, Scorecard
from app.policy.needs import way_up
from app.store.model import HistoryRow, ResultRow

_ORDER = {"fail": 0, "waived": 1, "pass": 2, "not_applicable": 3}
SPARK, OPENED = 60, 3
"""Points of the sparkline; checks that stand open."""
_UNOWNED = ("user", "group", "location")
Since = Mapping[tuple[str, str], tuple[str, datetime]]


def cards(
    rows: Iterable[ResultRow], policy: Policy, since: Since, history: Sequence[HistoryRow], now: datetime
) -> list[dict[str, Any]]:
    """All scorecards of one page. A check's `anchor` is its id; where two ask it, the later one's is longer."""
    taken: set[str] = set()
    return [card(row, policy, since, history, now, taken) for row in rows]


def card(
    row: ResultRow,
    policy: Policy,
    since: Since,
    history: Sequence[HistoryRow],
    now: datetime,
    taken: set[str] | None = None,
) -> dict[str, Any]:
    """One scorecard's result. `taken`: anchors of the page so far, added to."""
    body = json.loads(row.body)
    found = policy.scorecards.get(row.scorecard)
    checks = [_check(check, row.scorecard, found, since) for check in body["checks"]]
    _anchor(checks, row.scorecard, set() if taken is None else taken)
    _say_what_blocks(checks, policy)
    seen = [check for check in checks if check["outcome"] not in words.UNSEEN]
    order = {area: place for place, area in enumerate(dict.fromkeys(check["area"] for check in checks))}
    seen.sort(key=lambda check: (order[check["area"]], _ORDER[check["outcome"]], check["level"].rank, -check["weight"]))
    way = _way(found, row, checks, now)
    return {
        **body,
        "level": words.level(found, row.level),
        "level_possible": words.level(found, row.level_possible),
        "raw_level": words.level(found, row.raw_level),
        "target": words.level(found, row.target_level) if row.target_level else None,
        "ladder": _ladder(found, row),
        "way": way,
        "way_checks": {step["id"] for step in way["steps"][:OPENED]} if way else set(),
        "areas": [_area(area, list(group)) for area, group in groupby(seen, key=lambda check: check["area"])],
        "unseen": [check for check in checks if check["outcome"] in words.UNSEEN],
        "counts": {outcome: sum(check["outcome"] == outcome for check in checks) for outcome in words.OUTCOMES},
        "history": past(found, [point for point in history if point.scorecard == row.scorecard]),
    }


def _anchor(checks: list[dict[str, Any]], scorecard: str, taken: set[str]) -> None:
    for check in checks:
        check["anchor"] = f"{scorecard}-{check['id']}" if check["id"] in taken else check["id"]
        taken.add(check["anchor"])


def _say_what_blocks(checks: list[dict[str, Any]], policy: Policy) -> None:
    """For a check that another blocks: which, by its title; and where that fails, so that the page sends there
    instead of to its own fix."""
    by_id = {check["id"]: check for check in checks}
    for check in checks:
        known = policy.checks.get(check["id"])
        needed = [by_id[one] for one in (known.requires if known else ()) if one in by_id]
        failing = [one for one in needed if one["outcome"] == "fail"]
        check["blocked"] = failing if check["outcome"] == "fail" else []
        first = by_id.get(check.get("blocked_by") or "")
        if check["blocked"]:
            check["reason"] = f"blocked by “{failing[0]['title']}”"
        elif first is not None:
            told = check["reason"].removeprefix(f"blocked by {first['id']}: ")
            check["reason"] = f"blocked by “{first['title']}”: {told}"


def _check(check: dict[str, Any], scorecard: str, found: Scorecard | None, since: Since) -> dict[str, Any]:
    for place in (*check["evidence"], *check["offenders"]):
        place["url"] = links.source(place)
    known = since.get((scorecard, check["id"]))
    rules = list(dict.fromkeys(item["expected"] for item in check["evidence"] if item["expected"]))
    return {
        **check,
        "level": words.level(found, check["level"]),
        "area_title": words.area(check["area"]),
        "href": links.check(check["id"]),
        "seconds": parse_duration(check["effort"]).total_seconds(),
        "since": known[1] if known else None,
        "rules": rules,
    }


def _area(area: str, checks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": area,
        "title": words.area(area),
        "checks": checks,
        "failing": sum(check["outcome"] == "fail" for check in checks),
        "passing": sum(check["outcome"] in ("pass", "waived") for check in checks),
        "total": sum(check["outcome"] != "not_applicable" for check in checks),
    }


def _ladder(card: Scorecard | None, row: ResultRow) -> list[dict[str, Any]]:
    """The levels from the lowest up: which hold, which is the target."""
    if card is None:
        return []
    rank = card.rank(row.level)
    return [
        {
            "level": words.level(card, level.id),
            "held": card.rank(level.id) <= rank,
            "now": level.id == row.level,
            "target": level.id == row.target_level,
        }
        for level in card.levels
    ]


def _way(card: Scorecard | None, row: ResultRow, checks: list[dict[str, Any]], now: datetime) -> dict[str, Any] | None:
    """All that is to be done up to the next level, what opens others first, then least effort."""
    if card is None:
        return None
    way = way_up(card, row.level, {check["id"]: check["outcome"] for check in checks}, now)
    by_id = {check["id"]: check for check in checks}
    steps = [by_id[check] for check in way.failing]
    steps.sort(key=lambda check: (bool(check["blocked"]), check["seconds"], -check["weight"]))
    return {
        "level": words.level(card, way.level) if way.level else None,
        "steps": steps,
        "unseen": [by_id[check] for check in way.unseen],
        "effort": sum(check["seconds"] for check in steps),
    }


def past(card: Scorecard | None, history: Sequence[HistoryRow]) -> dict[str, Any]:
    """How the score went (oldest first in the line), and each change with its reason (newest first)."""
    scores = [point.score or 0.0 for point in history[-SPARK:]]
    rows = [
        {
            "at": point.at,
            "level": words.level(card, point.level),
            "score": point.score,
            "coverage": point.coverage,
            "reason": words.REASONS.get(point.reason, point.reason),
        }
        for point in reversed(history)
    ]
    if len(scores) < 2:
        return {"rows": rows[:30], "spark": None}
    label = f"Score over {len(scores)} results, from {scores[0]:.0%} to {scores[-1]:.0%}."
    ends = {"first": scores[0], "last": scores[-1], "since": history[-SPARK:][0].at}
    return {"rows": rows[:30], "spark": charts.line(scores, label), **ends}


def head(entity: Entity, catalog_titles: Mapping[str, str], owner: str, system: str, tier: str) -> dict[str, Any]:
    """What stands at the top of the page."""
    return {
        "ref": str(entity.ref),
        "kind": entity.ref.kind,
        "namespace": entity.ref.namespace,
        "name": entity.ref.name,
        "href": links.entity(entity.ref),
        "title": entity.title,
        "description": str(entity.metadata.get("description") or ""),
        "owner": catalog_titles.get(owner) or (links.named(owner) if owner else ""),
        "owner_href": links.entity(owner) if owner in catalog_titles else "",
        "system": links.named(system) if system else "",
        "tier": tier,
        "type": entity.spec_text("type"),
        "lifecycle": entity.spec_text("lifecycle"),
        "repository": entity.repository,
        "repository_name": entity.repository.rstrip("/").rsplit("/", 1)[-1],
        "path": entity.path,
        "provisional": entity.provisional,
        "orphan": entity.orphan,
        "ownable": entity.kind.lower() not in _UNOWNED,
    }
