"""`/api/v1`, entities: what widgets, scripts and gates read. Endpoints load, call one thing, dump; no read crawls."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, json
from flask.views import MethodView
from marshmallow import RAISE

from app.api import queries, schemas
from app.api.guard import require
from app.api.lists import default_scorecard, filter_of, listed, parsed_ref
from app.api.reading import (
    aged,
    dumped,
    entity_of,
    freshness,
    in_order,
    item_json,
    no_results,
    of_results,
    pipeline,
    ref_of,
    refresh,
    results,
    sent,
    standing_json,
)
from app.api.tables import narrowed
from app.api.v1_blueprint import blueprint, problems, table
from app.catalog.model import Entity
from app.facts.pushed import Pushed
from app.facts.repository_facts import facts_json
from app.identity.model import READ, REFRESH
from app.lib.times import format_instant
from app.pipeline import plans

__all__ = ["blueprint", "problems"]
_NAMED = "/entities/by-name/<kind>/<namespace>/<name>"
_MOST_DERIVED = 1000
"""Relations that others state to an entity and that its answer lists: a group may own thousands."""


@blueprint.route("/entities")
class Entities(MethodView):
    @table
    @blueprint.arguments(queries.EntityQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.EntityPage)
    def get(self, query: dict[str, Any]) -> Response:
        """List entities with their levels: filtered, sorted, paged, or as CSV."""
        card = query.get("scorecard") or default_scorecard()
        return listed(filter_of(query, card), query, "entities")


@blueprint.route("/entities/by-refs")
class EntitiesByRefs(MethodView):
    @require(READ)
    @problems
    @blueprint.arguments(queries.ByRefs, unknown=RAISE)
    @blueprint.response(200, schemas.EntityList)
    def post(self, body: dict[str, Any]) -> Response:
        """Up to 1,000 entities with their levels, in the order asked; null for those that are not known."""
        refs = [parsed_ref(text, "component") for text in body["refs"]]
        found = pipeline().store.listing.by_refs(list(dict.fromkeys(refs)))
        wanted = body.get("fields_")
        items = [narrowed(item_json(found[ref]), wanted) if ref in found else None for ref in refs]
        return dumped({"items": items, **freshness(found.values()), "policy_version": pipeline().policy.version})


@blueprint.route(_NAMED)
class EntityByName(MethodView):
    @problems
    @blueprint.response(200, schemas.EntityDetail)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """One entity: its descriptor, where it stands, its relations, problems and levels."""
        ref = ref_of(kind, namespace, name)
        entity = entity_of(ref)
        store = pipeline().store
        item = store.listing.by_refs([ref]).get(ref)
        return dumped(
            {
                "ref": str(ref),
                "entity": dict(entity.document),
                "source": {
                    "repository": entity.repository or None,
                    "path": entity.path or None,
                    "line": entity.line or None,
                    "root": entity.root,
                    "provisional": entity.provisional,
                    "orphan": entity.orphan,
                },
                "relations": _relations(entity),
                "problems": [
                    {"path": p.path, "line": p.line, "code": p.code, "message": p.message} for p in entity.problems
                ],
                "scorecards": [standing_json(standing) for standing in in_order(item.standings if item else ())],
                **of_results(store.judgements.results(ref)),
            }
        )


def _relations(entity: Entity) -> list[dict[str, Any]]:
    """What its descriptor states, then what others state of it, turned round; each once."""
    entities = pipeline().store.entities
    stated = {(one.type, one.target): None for one in entity.relations}
    derived = {(one.type, one.target): None for one in entities.derived(entity.ref, _MOST_DERIVED)}
    known = entities.known(target for _, target in stated) | {target for _, target in derived}
    return [
        {"type": type_, "target_ref": str(target), "known": target in known} for type_, target in {**stated, **derived}
    ]


@blueprint.route(f"{_NAMED}/results")
class EntityResults(MethodView):
    @problems
    @blueprint.response(200, schemas.Results)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """Every check of every scorecard, with evidence. Stored bytes under a stored ETag: cheap to poll."""
        ref = ref_of(kind, namespace, name)
        if pipeline().store.sight.is_limited:
            entity_of(ref)
        ready = results().one(ref)
        if ready is None:
            entity_of(ref)
        return sent(ready or no_results(ref))


@blueprint.route(f"{_NAMED}/facts")
class EntityFacts(MethodView):
    @problems
    @blueprint.response(200, schemas.Facts)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """What was seen of an entity, by group, and what could not be seen and why."""
        ref = ref_of(kind, namespace, name)
        entity_of(ref)
        found = pipeline().store.judgements.facts(ref)
        rows = pipeline().store.judgements.results(ref)
        ages = aged([one.collected_at for one in found])
        reports = [report_json(one) for one in pipeline().store.pushes.of(ref)]
        body = {"entity": str(ref), "facts": facts_json(found), "reports": reports}
        return dumped({**body, **of_results(rows), **ages})


def report_json(one: Pushed) -> dict[str, Any]:
    return {
        "group": one.group,
        "source": one.source,
        "by": one.by,
        "observed_at": format_instant(one.observed_at),
        "expires_at": format_instant(one.expires_at),
        "commit": one.commit or None,
        "url": one.url or None,
    }


@blueprint.route(f"{_NAMED}/history")
class EntityHistory(MethodView):
    @problems
    @blueprint.arguments(queries.HistoryQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.History)
    def get(self, query: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Level, score and coverage over time; a row only when something changed, with its reason."""
        ref = ref_of(kind, namespace, name)
        entity_of(ref)
        store = pipeline().store
        rows = store.changes.history(
            ref, scorecard=query.get("scorecard"), since=query.get("since"), limit=query["limit"]
        )
        items = [
            {
                "scorecard": row.scorecard,
                "at": format_instant(row.at),
                "level": row.level,
                "score": row.score,
                "coverage": row.coverage,
                "reason": row.reason,
            }
            for row in rows
        ]
        return dumped({"entity": str(ref), "items": items, **of_results(store.judgements.results(ref))})


@blueprint.route(f"{_NAMED}/next-steps")
class EntityNextSteps(MethodView):
    @problems
    @blueprint.arguments(queries.PlanQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.NextSteps)
    def get(self, query: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """The cheapest plan to a level over all scorecards, in the order to work in.

        Lower levels first, then most weight for the effort; one piece of work that serves several is one step. What
        waits for an earlier step may pass with it. What must be seen first is told apart.
        """
        ref = ref_of(kind, namespace, name)
        entity_of(ref)
        rows = sorted(pipeline().store.judgements.results(ref), key=lambda row: pipeline().policy.place(row.scorecard))
        cards = [json.loads(row.body) for row in rows]
        known = plans.goals_of(pipeline().policy, cards)
        if cards and query["level"] not in known:
            abort(422, f"“{query['level']}” is no level here; use one of {', '.join(known)}.")
        body = plans.plan_json(pipeline().policy, cards, query["level"])
        return dumped({"entity": str(ref), **body, **of_results(rows)})


@blueprint.route(f"{_NAMED}/refresh")
class EntityRefresh(MethodView):
    @require(REFRESH)
    @problems
    @blueprint.response(202, schemas.Accepted)
    def post(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        """Pull the entity's repository forward. The answer comes at once; poll `/changes` or the results."""
        entity = entity_of(ref_of(kind, namespace, name))
        return {"entity": str(entity.ref), "repository": entity.repository, "due": refresh(entity)}
