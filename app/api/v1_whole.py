"""`/api/v1`, the whole: scorecards, groups, changes and sources, on the same blueprint as the entities."""

from __future__ import annotations

from typing import Any

from flask import Response, abort
from flask.views import MethodView
from marshmallow import RAISE

from app.api import schemas
from app.api.reading import dumped, entity_of, item_json, pipeline, ref_of
from app.api.v1 import blueprint, problems
from app.errors import NotFoundError
from app.lib.times import format_duration, format_instant
from app.policy.model import Scorecard
from app.store.listing import EntityFilter

__all__ = ["blueprint"]


@blueprint.route("/scorecards")
class Scorecards(MethodView):
    @blueprint.response(200, schemas.ScorecardList)
    def get(self) -> Response:
        """The scorecards in force."""
        policy = pipeline().policy
        items = [scorecard_json(card) for card in policy.scorecards.values()]
        return dumped({"items": items, "policy_version": policy.version})


@blueprint.route("/scorecards/<scorecard_id>")
class ScorecardById(MethodView):
    @problems
    @blueprint.response(200, schemas.ScorecardDetail)
    def get(self, scorecard_id: str) -> Response:
        """One scorecard with every check: what it asks, why, and how to fix it."""
        policy = pipeline().policy
        card = policy.scorecards.get(scorecard_id)
        if card is None:
            raise NotFoundError(f"There is no scorecard {scorecard_id}.")
        checks = []
        for entry in card.entries:
            check = policy.checks[entry.check]
            checks.append(
                {
                    "id": check.id,
                    "title": check.title,
                    "area": check.area,
                    "level": entry.level,
                    "weight": entry.weight,
                    "why": check.why,
                    "source": check.source,
                    "owner": check.owner,
                    "rule": check.rule_text,
                    "remediation": check.remediation,
                    "effort": format_duration(check.effort),
                    "requires": list(check.requires),
                }
            )
        return dumped({**scorecard_json(card), "checks": checks, "policy_version": policy.version})


def scorecard_json(card: Scorecard) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "description": card.description,
        "owner": card.owner,
        "levels": [{"id": level.id, "title": level.title} for level in card.levels],
        "targets": dict(card.targets),
    }


@blueprint.route("/scorecards/<scorecard_id>/results")
class ScorecardResults(MethodView):
    @problems
    @blueprint.arguments(schemas.PageQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.EntityPage)
    def get(self, query: dict[str, Any], scorecard_id: str) -> Response:
        """Entities on one scorecard, lowest level first."""
        if scorecard_id not in pipeline().policy.scorecards:
            raise NotFoundError(f"There is no scorecard {scorecard_id}.")
        where = EntityFilter(scorecard=scorecard_id, levels=_levels(scorecard_id))
        try:
            page = pipeline().store.listing.entities(
                where, sort="level", cursor=query.get("cursor"), limit=query["limit"]
            )
        except ValueError as error:
            abort(422, str(error))
        body = {"items": [item_json(item) for item in page.items], "next_cursor": page.next_cursor, "total": page.total}
        return dumped({**body, "policy_version": pipeline().policy.version})


def _levels(scorecard_id: str) -> tuple[str, ...]:
    return ("none", "not_rated", *(level.id for level in pipeline().policy.scorecards[scorecard_id].levels))


@blueprint.route("/groups/by-name/<namespace>/<name>/summary")
class GroupSummary(MethodView):
    @problems
    @blueprint.response(200, schemas.Summary)
    def get(self, namespace: str, name: str) -> Response:
        """A group's distribution of levels and its share on target, groups below it included. No averages."""
        ref = ref_of("group", namespace, name)
        entity_of(ref)
        groups = pipeline().catalog().group_tree(ref)
        found = pipeline().store.listing.summary(EntityFilter(owners=groups))
        cards = [
            {
                "scorecard": one.scorecard,
                "levels": one.levels,
                "on_target": one.on_target,
                "with_target": one.with_target,
            }
            for one in found
        ]
        names = [str(group) for group in groups]
        return dumped(
            {"group": str(ref), "groups": names, "scorecards": cards, "policy_version": pipeline().policy.version}
        )


@blueprint.route("/changes")
class Changes(MethodView):
    @problems
    @blueprint.arguments(schemas.ChangeQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.ChangePage)
    def get(self, query: dict[str, Any]) -> Response:
        """What changed after a cursor, oldest first: level changes and checks that turned, with the reason."""
        found = pipeline().store.changes.after(query["after"], limit=query["limit"])
        items = [
            {
                "cursor": change.cursor,
                "at": format_instant(change.at),
                "entity": str(change.entity),
                "scorecard": change.scorecard,
                "what": change.what,
                "before": change.before,
                "after": change.after,
                "reason": change.reason,
                "detail": dict(change.detail),
            }
            for change in found
        ]
        cursor = found[-1].cursor if found else query["after"]
        return dumped({"items": items, "cursor": cursor, "policy_version": pipeline().policy.version})


@blueprint.route("/sources")
class Sources(MethodView):
    @problems
    @blueprint.arguments(schemas.PageQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.SourceList)
    def get(self, query: dict[str, Any]) -> Response:
        """Providers and repositories: when each was last looked at, and what went wrong."""
        one = pipeline()
        page = one.store.repositories.page(one.clock(), after=query.get("cursor", ""), limit=query["limit"])
        return dumped(
            {
                "providers": [
                    {
                        "name": provider.name,
                        "listed_at": provider.listed_at and format_instant(provider.listed_at),
                        "error": provider.error or None,
                        "repositories": provider.repositories,
                    }
                    for provider in one.store.repositories.providers()
                ],
                "repositories": [
                    {
                        "url": row.url,
                        "branch": row.branch,
                        "commit": row.tip or None,
                        "checked_at": row.checked_at and format_instant(row.checked_at),
                        "read_at": row.read_at and format_instant(row.read_at),
                        "due_at": format_instant(row.due_at),
                        "failures": row.failures,
                        "error": row.last_error or None,
                        "reason": row.last_error_reason or None,
                        "parked": row.parked_reason or None,
                        "orphaned": row.orphaned_at is not None,
                    }
                    for row in page.items
                ],
                "next_cursor": page.next_cursor,
                "total": page.total,
                "policy_version": one.policy.version,
                "policy_problem": one.policies.problem or None,
            }
        )
