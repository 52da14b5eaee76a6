"""`/api/v1`: what portals, scripts and gates read. Endpoints load, call one thing, dump; a read never crawls."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, json
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from app.api import schemas
from app.api.reading import cached, dumped, entity_of, item_json, pipeline, ref_of, results_body, standing_json
from app.catalog.model import EntityRef
from app.errors import NotFoundError
from app.facts.repository_facts import facts_json
from app.lib.times import format_duration, format_instant
from app.policy.model import Scorecard
from app.store.listing import EntityFilter

blueprint = Blueprint(
    "v1", __name__, url_prefix="/api/v1", description="Scores, facts and history of catalog entities."
)
_NAMED = "/entities/by-name/<kind>/<namespace>/<name>"


def _problems(view: Any) -> Any:
    """Documents the answers that every endpoint may give."""
    view = blueprint.alt_response(404, schema=schemas.Problem, content_type="application/problem+json")(view)
    return blueprint.alt_response(422, schema=schemas.Problem, content_type="application/problem+json")(view)


@blueprint.route("/entities")
class Entities(MethodView):
    @_problems
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
    @_problems
    @blueprint.response(200, schemas.EntityDetail)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """One entity: its descriptor, where it stands, its relations, problems and levels."""
        ref = ref_of(kind, namespace, name)
        entity = entity_of(ref)
        store = pipeline().store
        item = store.listing.by_refs([ref]).get(ref)
        results = store.judgements.results(ref)
        related = pipeline().catalog()
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
                    {"type": r.type, "target_ref": str(r.target), "known": related.get(r.target) is not None}
                    for r in entity.relations
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
    @_problems
    @blueprint.response(200, schemas.Results)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """Every check of every scorecard, with evidence. Stored bytes under a stored ETag: cheap to poll."""
        ref = ref_of(kind, namespace, name)
        rows = pipeline().store.judgements.results(ref)
        if not rows:
            entity_of(ref)
        return cached(results_body(ref, rows), "-".join(row.etag for row in rows) or "none")


@blueprint.route(f"{_NAMED}/facts")
class EntityFacts(MethodView):
    @_problems
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
    @_problems
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
    @_problems
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
    @_problems
    @blueprint.response(202, schemas.Accepted)
    def post(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        """Pull the entity's repository forward. The answer comes at once; poll `/changes` or the results."""
        entity = entity_of(ref_of(kind, namespace, name))
        now = pipeline().clock()
        due = bool(entity.repository) and pipeline().store.claims.hint(entity.repository, now, interactive=True)
        return {"entity": str(entity.ref), "repository": entity.repository, "due": due}


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
    @_problems
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
    @_problems
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
    @_problems
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
    @_problems
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
    @_problems
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
