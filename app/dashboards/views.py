"""From stored rows to what templates show. No queries of its own but those it is handed the store for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from flask import json, url_for

from app.catalog.model import Entity, EntityRef
from app.facts.tiers import tier_of
from app.formats import kinds
from app.lib.forge_urls import line_url
from app.pipeline.services import Pipeline
from app.pipeline.stored_world import placed
from app.policy.model import Policy, Scorecard
from app.store.listing import Distribution, EntityItem
from app.store.model import Change, ResultRow, StoredObject

SCORECARD = "sre-maturity"
_UNSEEN = ("unknown", "error")
_AREAS = {"oncall": "On-call", "slos": "Objectives", "slo": "Objectives"}


def href(ref: EntityRef) -> str:
    return url_for("dashboards.entity", kind=ref.kind, namespace=ref.namespace, name=ref.name)


def every_level(policy: Policy) -> tuple[str, ...]:
    card = policy.scorecards.get(SCORECARD)
    return ("none", "not_rated", *(level.id for level in card.levels)) if card else ("none", "not_rated")


def _title(level: str, policy: Policy) -> str:
    card = policy.scorecards.get(SCORECARD)
    known = {one.id: one.title for one in card.levels} if card else {}
    return known.get(level) or {"none": "No level", "not_rated": "Not rated"}.get(level, level)


def _group_href(owner: str) -> str:
    if not owner.startswith("group:"):
        return ""
    ref = EntityRef.parse(owner)
    return url_for("dashboards.group", namespace=ref.namespace, name=ref.name)


def summary(found: Sequence[Distribution], items: Sequence[EntityItem], policy: Policy) -> dict[str, Any]:
    """How many stand where, and how many meet their target. Distributions, no averages."""
    one = next((part for part in found if part.scorecard == SCORECARD), None)
    levels = one.levels if one else {}
    order = [level for level in reversed(every_level(policy)) if level in levels]
    ages = [standing.as_of for item in items for standing in item.standings if standing.as_of]
    return {
        "total": sum(levels.values()),
        "on_target": one.on_target if one else 0,
        "targeted": one.with_target if one else 0,
        "levels": [{"level": level, "title": _title(level, policy), "count": levels[level]} for level in order],
        "as_of": min(ages, default=None),
    }


def entity_row(item: EntityItem, pipeline: Pipeline) -> dict[str, Any]:
    standing = next((one for one in item.standings if one.scorecard == SCORECARD), None)
    owner = pipeline.catalog().get(EntityRef.parse(item.owner)) if item.owner else None
    return {
        "ref": str(item.ref),
        "href": href(item.ref),
        "title": item.title,
        "tier": item.tier,
        "provisional": item.provisional,
        "owner": owner.title if owner else item.owner,
        "owner_href": _group_href(item.owner) if owner else "",
        "level": standing.level if standing else "none",
        "level_title": _title(standing.level, pipeline.policy) if standing else "",
        "target_level": standing.target_level if standing else "",
        "meets_target": standing.meets_target if standing else None,
        "coverage": standing.coverage if standing else None,
    }


def change_row(change: Change) -> dict[str, Any]:
    what = change.detail.get("check", change.what) if change.what == "outcome" else change.what
    return {
        "at": change.at,
        "entity": str(change.entity),
        "href": href(change.entity),
        "what": what,
        "before": change.before.replace("_", " "),
        "after": change.after.replace("_", " "),
        "reason": change.reason,
    }


def entity_head(entity: Entity, pipeline: Pipeline) -> dict[str, Any]:
    catalog = pipeline.catalog()
    ref = catalog.owner(entity.ref)
    owner = catalog.get(ref) if ref else None
    return {
        "ref": str(entity.ref),
        "kind": entity.ref.kind,
        "namespace": entity.ref.namespace,
        "name": entity.ref.name,
        "href": href(entity.ref),
        "title": entity.title,
        "description": str(entity.metadata.get("description") or ""),
        "owner": owner.title if owner else str(ref or ""),
        "owner_href": _group_href(str(ref)) if owner else "",
        "tier": tier_of(entity, pipeline.parameters),
        "repository": entity.repository,
        "provisional": entity.provisional,
        "orphan": entity.orphan,
    }


def card(row: ResultRow, policy: Policy, repository: str) -> dict[str, Any]:
    """One scorecard's result as the page shows it: by area, what could not be seen apart."""
    body = json.loads(row.body)
    seen = [_with_links(check) for check in body["checks"] if check["outcome"] not in _UNSEEN]
    order = {"fail": 0, "waived": 1, "pass": 2, "not_applicable": 3}
    seen.sort(key=lambda check: (check["area"], order[check["outcome"]], -check["weight"]))
    areas = [
        {"title": _AREAS.get(area, area.capitalize()), "checks": list(checks)}
        for area, checks in groupby(seen, key=lambda check: check["area"])
    ]
    return {
        **body,
        "level_title": _title(body["level"], policy),
        "areas": areas,
        "unseen": [check for check in body["checks"] if check["outcome"] in _UNSEEN],
    }


def _with_links(check: dict[str, Any]) -> dict[str, Any]:
    for item in (*check["evidence"], *check["offenders"]):
        item["url"] = item.get("url") or source_url(item)
    return check


def source_url(item: dict[str, Any]) -> str:
    """The line at its commit on the forge, for repositories fetched over https; "" for local ones."""
    repository, commit, path = (item.get(name) or "" for name in ("repository", "commit", "path"))
    return line_url(repository, commit, path, item.get("line") or 0)


def scorecard(card: Scorecard, pipeline: Pipeline) -> dict[str, Any]:
    counts = pipeline.store.tally.outcomes(card.id)
    levels = []
    for level in card.levels:
        checks = []
        for entry in card.entries:
            if entry.level == level.id:
                check = pipeline.policy.checks[entry.check]
                checks.append(
                    {
                        "id": check.id,
                        "title": check.title,
                        "why": check.why,
                        "area": check.area,
                        "weight": entry.weight,
                        "counts": counts.get(check.id, {}),
                    }
                )
        levels.append({"id": level.id, "title": level.title, "checks": checks})
    return {"title": card.title, "description": card.description, "levels": levels}


def unattributed(found: Iterable[StoredObject]) -> list[dict[str, Any]]:
    """What is nobody's, without pages that are no runbooks: every repository has a README."""
    rows = []
    for one in found:
        thing = placed(one).object
        if one.kind == "runbook" and kinds.runbook_kind(one.path, thing) == "document":  # type: ignore[arg-type]
            continue
        name = str(one.body.get("name") or one.body.get("title") or "")
        rows.append(
            {
                "name": name,
                "kind": one.kind,
                "repository": one.repository,
                "path": one.path,
                "line": one.line,
                "why": one.why,
            }
        )
    return rows
