"""`/api/v1`, the whole: scorecards, groups, changes and sources, on the same blueprint as the entities."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, json, request
from flask.views import MethodView
from marshmallow import RAISE

from app.api import queries, schemas
from app.api.lists import filter_of, levels_of, listed, owners_of, parsed_ref
from app.api.plan_schemas import GroupPlan
from app.api.reading import aged, cached, dumped, entity_of, pipeline, ref_of
from app.api.v1 import blueprint, problems
from app.api.v1_blueprint import table
from app.errors import NotFoundError
from app.lib.names import shown
from app.lib.times import format_duration, format_instant
from app.pipeline import plans
from app.policy.model import Scorecard
from app.store.model import Change

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
    @table
    @blueprint.arguments(queries.ScorecardResultsQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.EntityPage)
    def get(self, query: dict[str, Any], scorecard_id: str) -> Response:
        """Entities that one scorecard applies to, lowest level first; filtered, paged, or as CSV."""
        card = pipeline().policy.scorecards.get(scorecard_id)
        if card is None:
            raise NotFoundError(f"There is no scorecard {scorecard_id}.")
        return listed(filter_of(query, scorecard_id, levels_of(card)), query, scorecard_id)


@blueprint.route("/groups/by-name/<namespace>/<name>/summary")
class GroupSummary(MethodView):
    @problems
    @blueprint.response(200, schemas.Summary)
    def get(self, namespace: str, name: str) -> Response:
        """A group's distribution of levels and its share on target, groups below it included. No averages."""
        ref = ref_of("group", namespace, name)
        entity_of(ref)
        groups = owners_of(ref)
        names, place = [str(group) for group in groups], pipeline().policy.place
        standings = pipeline().store.standings  # counts made beforehand: nothing here grows with entities
        cards = [
            {
                "scorecard": card,
                **_titles(card),
                "levels": by_owner[str(ref)].levels,
                "on_target": by_owner[str(ref)].on_target,
                "with_target": by_owner[str(ref)].with_target,
            }
            for card, by_owner in sorted(standings.levels([str(ref)]).items(), key=lambda one: place(one[0]))
        ]
        ages = aged([at for at in standings.ages(names) if at is not None])
        body = {"group": str(ref), "groups": names, "scorecards": cards}
        return dumped({**body, **ages, "policy_version": pipeline().policy.version})


@blueprint.route("/groups/by-name/<namespace>/<name>/next-steps")
class GroupNextSteps(MethodView):
    @problems
    @blueprint.arguments(queries.GroupPlanQuery, location="query", unknown=RAISE)
    @blueprint.response(200, GroupPlan)
    def get(self, query: dict[str, Any], namespace: str, name: str) -> Response:
        """What to mend first in a group with all below it: what serves most entities, on any of their scorecards.

        Entities are counted once, though several scorecards ask the same of them. `alone` counts those that nothing
        else keeps from the goal.
        """
        ref = ref_of("group", namespace, name)
        entity_of(ref)
        one = pipeline()
        names = [str(group) for group in owners_of(ref)]
        items = plans.serving_json(one.policy, one.store.standings.serving(query["level"], str(ref)))
        ages = aged([at for at in one.store.standings.ages(names) if at is not None])
        body = {"group": str(ref), "goal": query["level"], "items": items[: query["limit"]], "total": len(items)}
        return dumped({**body, **ages, "policy_version": one.policy.version})


def _titles(scorecard: str) -> dict[str, Any]:
    """How a scorecard and its levels are called, lowest first; empty for one that policy no longer has."""
    card = pipeline().policy.scorecards.get(scorecard)
    levels = [{"id": level.id, "title": level.title} for level in card.levels] if card else []
    return {"title": card.title if card else scorecard, "level_order": levels}


@blueprint.route("/changes")
class Changes(MethodView):
    @problems
    @blueprint.arguments(queries.ChangeQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.ChangePage)
    @blueprint.alt_response(304, description="Nothing new: the answer that the client has is current.")
    def get(self, query: dict[str, Any]) -> Response:
        """What changed after a cursor, oldest first: level changes and checks that turned, with the reason.

        Made for polling: with `If-None-Match`, and nothing new, it costs the reading of one number.
        """
        store, policy = pipeline().store, pipeline().policy.version
        newest = store.changes.cursor()  # read first: all up to it can be seen by the next query
        etag = _fingerprint(newest, policy, store.sight.fingerprint, sorted(query.items()))
        if etag in request.if_none_match:
            return cached(b"", etag)
        entity = parsed_ref(query["entity"], "component") if "entity" in query else None
        owners = _owners(query["owner"]) if "owner" in query else None
        found = store.changes.after(query["after"], limit=query["limit"], entity=entity, owners=owners)
        whole = len(found) < query["limit"]
        cursor = newest if whole else query["after"]  # one ahead of all is of a database that was set back since
        body = {
            "items": [change_json(change) for change in found],
            **aged([change.at for change in found]),
            "cursor": max([cursor, *(change.cursor for change in found[-1:])]),
            "newest": newest,
            "policy_version": policy,
        }
        return cached(
            json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace"), etag
        )


def change_json(change: Change) -> dict[str, Any]:
    return {
        "cursor": change.cursor,
        "at": format_instant(change.at),
        "entity": str(change.entity),
        "scorecard": change.scorecard,
        "what": change.what,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "commit": change.detail.get("commit"),
        "detail": {name: value for name, value in change.detail.items() if name != "commit"},
    }


def _owners(text: str) -> list[str]:
    return [str(group) for group in owners_of(parsed_ref(text, "group"))]


def _fingerprint(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


@blueprint.route("/sources")
class Sources(MethodView):
    @problems
    @blueprint.arguments(queries.PageQuery, location="query", unknown=RAISE)
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
                        "branch": shown(row.branch),
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
                **aged([row.checked_at for row in page.items if row.checked_at is not None]),
                "policy_version": one.policy.version,
                "policy_problem": one.policies.problem or None,
            }
        )
