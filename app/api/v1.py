"""`/api/v1`, entities: what widgets, scripts and gates read. Endpoints load, call one thing, dump; no read crawls."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, json
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from app.api import schemas
from app.api.guard import require
from app.api.reading import (
    RESULTS,
    audited,
    dumped,
    entity_of,
    item_json,
    kept,
    no_results,
    pipeline,
    ref_of,
    sent,
    standing_json,
)
from app.catalog.model import EntityRef
from app.facts.repository_facts import facts_json
from app.identity.model import REFRESH
from app.lib.times import format_instant
from app.store.listing import EntityFilter

blueprint = Blueprint(
    "v1", __name__, url_prefix="/api/v1", description="Scores, facts and history of catalog entities."
)
_NAMED = "/entities/by-name/<kind>/<namespace>/<name>"


def problems(view: Any) -> Any:
    """Documents the answers that every endpoint may give."""
    view = blueprint.alt_response(404, schema=schemas.Problem, content_type="application/problem+json")(view)
    return blueprint.alt_response(422, schema=schemas.Problem, content_type="application/problem+json")(view)


@blueprint.route("/entities")
class Entities(MethodView):
    @problems
    @blueprint.arguments(schemas.EntityQuery, location="query", unknown=RAISE)
    @blueprint.response(200, schemas.EntityPage)
    def get(self, query: dict[str, Any]) -> Response:
        """List entities with their levels, filtered and paged."""
        try:
            page = pipeline().store.listing.entities(
                filter_of(query), sort=query["sort"], cursor=query.get("cursor"), limit=query["limit"]
            )
        except ValueError as error:
            abort(422, str(error))
        body = {"items": [item_json(item) for item in page.items], "next_cursor": page.next_cursor, "total": page.total}
        return dumped({**body, "policy_version": pipeline().policy.version})


def filter_of(query: dict[str, Any]) -> EntityFilter:
    """A filter from a query; an owner stands for the groups below it too. Raises ValueError on a broken reference."""
    owners: tuple[EntityRef, ...] = ()
    if query.get("owner"):
        owners = pipeline().catalog().group_tree(EntityRef.parse(query["owner"], kind="group"))
    return EntityFilter(
        kinds=_one(query.get("kind")),
        types=_one(query.get("type")),
        lifecycles=_one(query.get("lifecycle")),
        tiers=_one(query.get("tier")),
        owners=owners,
        systems=(EntityRef.parse(query["system"], kind="system"),) if query.get("system") else (),
        text=query.get("q", ""),
        scorecard=query["scorecard"],
        levels=_one(query.get("level")),
        orphans=query.get("orphans", False),
    )


def _one(value: str | None) -> tuple[str, ...]:
    return (value.lower(),) if value else ()


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
        results = store.judgements.results(ref)
        known = store.entities.known(relation.target for relation in entity.relations)
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
                "relations": [
                    {"type": r.type, "target_ref": str(r.target), "known": r.target in known} for r in entity.relations
                ],
                "problems": [
                    {"path": p.path, "line": p.line, "code": p.code, "message": p.message} for p in entity.problems
                ],
                "scorecards": [standing_json(standing) for standing in (item.standings if item else ())],
                "as_of": results[0].as_of and format_instant(results[0].as_of) if results else None,
                "commit": results[0].commit or None if results else None,
                "policy_version": pipeline().policy.version,
            }
        )


@blueprint.route(f"{_NAMED}/results")
class EntityResults(MethodView):
    @problems
    @blueprint.response(200, schemas.Results)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """Every check of every scorecard, with evidence. Stored bytes under a stored ETag: cheap to poll."""
        ref = ref_of(kind, namespace, name)
        if pipeline().store.sight.is_limited:
            entity_of(ref)
        ready = kept().one(RESULTS, ref)
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
        results = pipeline().store.judgements.results(ref)
        oldest = min((one.collected_at for one in found), default=None)
        return dumped(
            {
                "entity": str(ref),
                "facts": facts_json(found),
                "as_of": oldest and format_instant(oldest),
                "commit": results[0].commit or None if results else None,
                "policy_version": pipeline().policy.version,
            }
        )


@blueprint.route(f"{_NAMED}/history")
class EntityHistory(MethodView):
    @problems
    @blueprint.response(200, schemas.History)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """Level, score and coverage over time; a row only when something changed, with its reason."""
        ref = ref_of(kind, namespace, name)
        entity_of(ref)
        rows = pipeline().store.changes.history(ref)
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
        return dumped({"entity": str(ref), "items": items, "policy_version": pipeline().policy.version})


@blueprint.route(f"{_NAMED}/next-steps")
class EntityNextSteps(MethodView):
    @problems
    @blueprint.response(200, schemas.NextSteps)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """The cheapest next steps, in the order to work in."""
        ref = ref_of(kind, namespace, name)
        entity_of(ref)
        rows = pipeline().store.judgements.results(ref)
        steps = [step for row in rows for step in json.loads(row.body).get("next_steps", [])]
        return dumped({"entity": str(ref), "items": steps, "policy_version": pipeline().policy.version})


@blueprint.route(f"{_NAMED}/refresh")
class EntityRefresh(MethodView):
    @require(REFRESH)
    @problems
    @blueprint.response(202, schemas.Accepted)
    def post(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        """Pull the entity's repository forward. The answer comes at once; poll `/changes` or the results."""
        entity = entity_of(ref_of(kind, namespace, name))
        now = pipeline().clock()
        due = bool(entity.repository) and pipeline().store.claims.hint(entity.repository, now, interactive=True)
        audited("entity.refresh", str(entity.ref))
        return {"entity": str(entity.ref), "repository": entity.repository, "due": due}
