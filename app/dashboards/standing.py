"""Parts that several pages show: how a group stands, its trend, what stands before the next level, what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from app.dashboards import charts, links, words
from app.policy.model import Policy, Scorecard
from app.store.model import Change
from app.store.standing_rows import Levels, Line, Obstacle, TrendPoint

TREND_DAYS = 90


def bar(card: Scorecard, found: Levels) -> list[dict[str, Any]]:
    """How many stand at each level, highest first, each with its place in a bar of a hundred."""
    parts = []
    begin = 0.0
    for level in words.levels(card):
        count = found.levels.get(level.id, 0)
        if count:
            width = 100 * count / found.total
            parts.append({"level": level, "count": count, "x": begin, "width": width, "share": words.share(width)})
            begin += width
    return parts


def levels(card: Scorecard, found: Levels | None, **filters: Any) -> dict[str, Any]:
    """How many stand where, as a bar and in words; each level leads to the list of who stands there."""
    found = found or Levels()
    parts = bar(card, found)
    for part in parts:
        part["href"] = links.listed(scorecard=card.id, level=part["level"].id, **filters)
    return {
        "parts": parts,
        "total": found.total,
        "on_target": found.on_target,
        "with_target": found.with_target,
        "below": found.with_target - found.on_target,
        "met_href": links.listed(scorecard=card.id, target="met", **filters),
        "below_href": links.listed(scorecard=card.id, target="below", **filters),
    }


def trend(card: Scorecard, points: Sequence[TrendPoint], today: date) -> dict[str, Any] | None:
    """The last ninety days, a step a day; a day without a point is like the one before. None with less than two."""
    if len(points) < 2:
        return None
    begin = max(points[0].day, today - timedelta(days=TREND_DAYS))
    days = [begin + timedelta(days=number) for number in range((today - begin).days + 1)]
    steps = _carried(points, days)
    if len(steps) < 2:
        return None
    shown = [level for level in reversed(words.levels(card)) if any(step.levels.get(level.id) for step in steps)]
    shown.sort(key=lambda level: -level.rank)
    series = [charts.Series(level.style, [step.levels.get(level.id, 0) for step in steps]) for level in shown]
    first, last = steps[0], steps[-1]
    label = f"Levels from {first.day:%-d %B} to {last.day:%-d %B}; the table below says the same."
    month = _carried(points, [max(begin, today - timedelta(days=30))])[0]
    return {
        "svg": charts.stacked(series, label),
        "ticks": [days[place] for place in _spread(len(days), 4)],
        "top": max(sum(step.levels.values()) for step in steps),
        "levels": shown,
        "table": [steps[place] for place in _spread(len(steps), 7)],
        "change": last.on_target - month.on_target,
        "since": month.day,
    }


def _carried(points: Sequence[TrendPoint], days: Sequence[date]) -> list[TrendPoint]:
    """A point for each day: its own, or the last one before it."""
    found: list[TrendPoint] = []
    place = 0
    for day in days:
        while place + 1 < len(points) and points[place + 1].day <= day:
            place += 1
        one = points[place]
        found.append(TrendPoint(day, one.levels, one.on_target, one.with_target))
    return found


def _spread(number: int, wanted: int) -> list[int]:
    """At most `wanted` places of a list of this length, evenly, first and last among them."""
    if number <= wanted:
        return list(range(number))
    return [round(step * (number - 1) / (wanted - 1)) for step in range(wanted)]


def obstacles(policy: Policy, card: Scorecard, found: Iterable[Obstacle], limit: int = 5) -> list[dict[str, Any]]:
    """What to fix first for many: most entities lifted for the effort, then most helped on their way."""
    rows: list[dict[str, Any]] = []
    for one in found:
        check = policy.checks.get(one.check)
        if check is None:
            continue
        stands, alone = sum(one.stands.values()), sum(one.alone.values())
        seconds = max(60.0, check.effort.total_seconds())
        rows.append(
            {
                "id": check.id,
                "title": check.title,
                "href": links.check(check.id),
                "effort": seconds,
                "stands": stands,
                "alone": alone,
                "lifts": [(words.level(card, level), count) for level, count in one.alone.items()],
                "order": (-(alone + stands / 10) / seconds, -stands, check.id),
            }
        )
    return sorted(rows, key=lambda row: row["order"])[:limit]


def row(card: Scorecard, line: Line) -> dict[str, Any]:
    """One line of a list of entities."""
    return {
        "ref": line.entity,
        "title": line.title,
        "href": links.entity(line.entity),
        "level": words.level(card, line.level),
        "target": words.level(card, line.target_level) if line.target_level else None,
        "held": line.held,
        "next": words.level(card, line.next_level) if line.next_level else None,
        "failing": line.failing,
        "unseen": line.unseen,
        "effort": line.effort_seconds,
        "score": line.score,
        "coverage": line.coverage,
        "tier": line.tier,
        "owner": line.owner,
        "owner_href": links.entity(line.owner) if line.owner.startswith("group:") else "",
        "provisional": line.provisional,
    }


def changes(
    policy: Policy, card: Scorecard, found: Iterable[Change], titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Changes as people read them: which way, what, and why."""
    rows = []
    for one in found:
        ref = str(one.entity)
        said: dict[str, Any] = {
            "at": one.at,
            "ref": ref,
            "title": titles.get(ref, one.entity.name),
            "href": links.entity(one.entity),
            "reason": words.REASONS.get(one.reason, one.reason),
            "own": one.reason not in ("policy", "data source"),
            "what": one.what,
        }
        if one.what == "level":
            before, after = words.level(card, one.before), words.level(card, one.after)
            said |= {"before": before, "after": after, "way": "up" if after.rank > before.rank else "down"}
        else:
            check = policy.checks.get(str(one.detail.get("check", "")))
            way = {"pass": "up", "waived": "up", "fail": "down"}.get(one.after, "aside")
            said |= {"check": check.title if check else str(one.detail.get("check", "")), "way": way}
            said |= {"before": one.before, "after": one.after, "check_href": links.check(check.id) if check else ""}
        rows.append(said)
    return rows
