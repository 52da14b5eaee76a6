"""An entity's plan to a level as a page: what to do on all of its scorecards, step by step, and what must be seen; and
in short, for the page of its team."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any

from flask import abort, json, render_template, request, url_for

from app.api.reading import entity_of, pipeline, ref_of
from app.catalog.model import EntityRef
from app.dashboards import links, words
from app.dashboards.blueprint import blueprint
from app.lib.times import parse_duration
from app.pipeline import plans
from app.policy.model import Policy
from app.policy.needs import NEXT

_LOOKED_AT, _FEW, _LINES = 8, 3, 11
"""Entities whose plans are compared; steps shown of each in short; lines that all of them may take."""
_GOALS = {"next": "Next level", "target": "Target", "top": "The top"}


@blueprint.get("/entities/<kind>/<namespace>/<name>/plan")
def entity_plan(kind: str, namespace: str, name: str) -> str:
    """The cheapest plan; `level` as in `/next-steps`."""
    ref = ref_of(kind, namespace, name)
    entity, policy, store = entity_of(ref), pipeline().policy, pipeline().store
    cards = _cards(ref)
    goal, known = request.args.get("level", NEXT), plans.goals_of(policy, cards)
    if goal not in known:
        abort(404, f"There is no level “{goal}” here. Those there are: {', '.join(known)}.")
    found = plans.plan_json(policy, cards, goal)
    repository = store.repositories.brief(entity.repository, pipeline().clock()) if entity.repository else None
    return render_template(
        "plan.html",
        title=entity.title,
        entity_href=links.entity(ref),
        fix_href=url_for(".entity_fix", kind=kind, namespace=namespace, name=name),
        goals=[
            {
                "title": _title(policy, one),
                "href": url_for(".entity_plan", kind=kind, namespace=namespace, name=name, level=one),
                "current": one == goal,
            }
            for one in known
        ],
        plan=found,
        standing=[_standing(policy, one) for one in found["goals"]],
        stages=_stages(policy, found["items"]),
        unseen=[
            {**one, "href": links.check(one["check"]), "reason": _titled(policy, one["reason"])}
            for one in found["unseen"]
        ],
        mendable=bool(repository and repository.tip),
        seconds=parse_duration(found["effort"]).total_seconds(),
        at_most=parse_duration(found["effort_at_most"]).total_seconds(),
    )


def cheapest(owners: Sequence[str]) -> list[dict[str, Any]]:
    """The entities of these owners with the cheapest plans to their next levels, each over all of its scorecards: as
    many as can be taken in at once.

    Those where something is unseen come last: nobody can tell what they take.
    """
    store = pipeline().store
    refs = store.standings.nearest(owners, limit=_LOOKED_AT)
    titles = store.standings.titles(refs)
    found = [_in_short(EntityRef.parse(ref), titles.get(ref, ref)) for ref in refs]
    found.sort(key=lambda one: (one["unseen"] > 0, one["seconds"]))
    room = accumulate(1 + min(_FEW + 1, len(one["steps"])) + (one["unseen"] > 0) for one in found)
    return [one for place, (one, lines) in enumerate(zip(found, room, strict=True)) if place < 2 or lines <= _LINES]


def helping(owner: str, limit: int = 5) -> list[dict[str, Any]]:
    """For many: what serves most entities of an owner on the way to their next levels, on any scorecard."""
    one = pipeline()
    found = plans.serving_json(one.policy, one.store.standings.serving(NEXT, owner))[:limit]
    return [
        {**row, "href": links.check(row["check"]), "seconds": parse_duration(row["effort"]).total_seconds()}
        for row in found
    ]


def _in_short(ref: EntityRef, title: str) -> dict[str, Any]:
    policy = pipeline().policy
    found = plans.plan_json(policy, _cards(ref), NEXT)
    return {
        "title": title,
        "href": links.entity(ref),
        "plan_href": url_for("dashboards.entity_plan", kind=ref.kind, namespace=ref.namespace, name=ref.name),
        "goals": [_standing(policy, one) for one in found["goals"] if one["steps"]],
        "many": len(found["goals"]) > 1,
        "seconds": parse_duration(found["effort"]).total_seconds(),
        "steps": [_step(policy, step) for step in found["items"]],
        "few": _FEW,
        "unseen": len(found["unseen"]),
    }


def _cards(ref: EntityRef) -> list[dict[str, Any]]:
    """The entity's results as they are stored, in policy's order."""
    rows = pipeline().store.judgements.results(ref)
    rows.sort(key=lambda row: pipeline().policy.place(row.scorecard))
    return [json.loads(row.body) for row in rows]


def _titled(policy: Policy, reason: str) -> str:
    """Why something is unseen, with the title of the check that blocks it."""
    first, colon, told = reason.removeprefix("blocked by ").partition(": ")
    known = policy.checks.get(first) if colon and reason.startswith("blocked by ") else None
    return f"blocked by “{known.title}”: {told}" if known else reason


def _title(policy: Policy, goal: str) -> str:
    titles = {level.id: level.title for card in policy.scorecards.values() for level in card.levels}
    return _GOALS.get(goal) or titles[goal]


def _standing(policy: Policy, one: dict[str, Any]) -> dict[str, Any]:
    card = policy.scorecards[one["scorecard"]]
    to = words.level(card, one["goal"]) if one["goal"] else None
    return {**one, "level": words.level(card, one["level"]), "goal": to}


def _stages(policy: Policy, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps by the level that needs them first."""
    stages = []
    for level, group in groupby(items, key=lambda step: step["towards"]):
        steps = [_step(policy, step) for step in group]
        stages.append({"level": words.level(policy.scorecards[steps[0]["scorecard"]], level), "steps": steps})
    return stages


def _step(policy: Policy, step: dict[str, Any]) -> dict[str, Any]:
    cards = dict.fromkeys(need["scorecard"] for need in step["serves"])
    return {
        **step,
        "href": links.check(step["check"]),
        "seconds": parse_duration(step["effort"]).total_seconds(),
        "gain": sum(need["weight"] for need in step["serves"]),
        "cards": [policy.scorecards[card].title for card in cards],
        "waits": [f"“{policy.checks[check].title}”" for check in step["waits_for"]],
        "opened": len(step["opens"]),
    }
