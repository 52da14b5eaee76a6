"""`POST /api/v1/simulate`: what we would say of a repository as it lies on a laptop or in CI. Nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, abort, json
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from app.api import schemas, v1_newborn
from app.api.fix_schemas import FixBody
from app.api.guard import require
from app.api.plan_schemas import PlanStep
from app.api.reading import pipeline
from app.api.result_schemas import JudgedScorecard, Told
from app.api.v1 import problems
from app.api.v1_blueprint import bounded
from app.api.v1_facts import blueprint
from app.api.v1_newborn import ROOM, WAIT_SECONDS
from app.errors import RepositoryError
from app.facts import codec, wire
from app.identity.model import READ
from app.pipeline.scoring import Judged
from app.pipeline.simulate import known_as, simulate
from app.policy.results import to_json
from app.repos import urls

__all__ = ["ROOM", "WAIT_SECONDS", "blueprint"]
MAX_BODY = 16 * 1024 * 1024
View = TypeVar("View", bound=Callable[..., Any])


def or_handed(view: View) -> View:
    """The view for inventories; what else a body may be is answered by `v1_newborn`."""

    @wraps(view)
    def called(*args: Any, **kwargs: Any) -> Any:
        if v1_newborn.is_inventory():
            return view(*args, **kwargs)
        text = json.dumps(v1_newborn.answer(), ensure_ascii=False)
        return Response(text.encode("utf-8", "replace"), mimetype="application/json")

    return cast(View, called)


class InventoryBody(Schema):
    """As `roadworthy check --server` makes it; its parts are those of the version that made it."""

    repository = fields.String(required=True, validate=validate.Length(1, 2000))
    commit = fields.String(required=True)
    branch = fields.String(required=True)
    found = fields.List(fields.Raw(), required=True)
    entities = fields.List(fields.Dict(), required=True)
    problems = fields.List(fields.Raw(), required=True)
    unreadable = fields.List(fields.Raw(), required=True)
    paths = fields.List(fields.String(), required=True)


class SimulatedResults(schemas.OfOne):
    """As `/results` would tell it; `policy_version` is empty where no scorecard applies."""

    entity = fields.String()
    scorecards = fields.List(fields.Nested(JudgedScorecard))


class SimulatedEntity(Told):
    entity = fields.Dict()
    subject = fields.Dict()
    commit = fields.String()
    fact_sets = fields.List(fields.Dict(), metadata={"description": "as they would be kept"})
    waivers = fields.List(fields.Dict(), metadata={"description": "in force for it, beside those of policy"})
    results = fields.Nested(SimulatedResults)


class Born(SimulatedResults):
    """An entity as it would be born."""

    provisional = fields.Boolean(metadata={"description": "no descriptor declares it yet"})
    next_steps = fields.List(fields.Nested(PlanStep))
    fix = fields.Nested(
        FixBody,
        allow_none=True,
        metadata={"description": "the diff for what was handed over; null where nothing can be mended"},
    )


class Simulated(Schema):
    """Of an inventory: `now`, `policy`, `entities`. Of what does not exist yet: the others."""

    now = fields.Dict(metadata={"description": 'when it was judged: {"$instant": …}, as in fact sets'})
    policy = fields.Dict(metadata={"description": "version, and documents by path"})
    entities = fields.List(fields.Nested(SimulatedEntity))
    born = fields.List(fields.Nested(Born))
    unscored = fields.List(fields.String(), metadata={"description": "entities that no scorecard applies to"})
    problems = fields.List(fields.Dict(), metadata={"description": "path, line, code, message"})
    unreadable = fields.List(fields.Dict(), metadata={"description": "group, path, line, reason, ignored"})
    fix_problem = fields.String(allow_none=True, metadata={"description": "why no fix could be made"})


@blueprint.route("/simulate")
class Simulate(MethodView):
    @require(READ)
    @bounded(MAX_BODY)
    @problems
    @blueprint.doc(requestBody={"content": v1_newborn.BODIES})
    @blueprint.alt_response(415, schema=schemas.Problem, content_type="application/problem+json")
    @or_handed
    @blueprint.arguments(InventoryBody, unknown=RAISE)
    @blueprint.response(200, Simulated)
    @blueprint.alt_response(503, schema=schemas.Problem, content_type="application/problem+json")
    def post(self, body: dict[str, Any]) -> Response:
        """Judge a repository as handed in, with the catalog, inherited and reported facts known here.

        At the same commit the verdicts are those of `/results`. A reader who sees only some entities gets facts of
        those only. What does not exist yet may be handed over instead: JSON of `files` or `content` with its `kind`, an
        archive, or one text by its content type; then the answer holds `born`.
        """
        here = pipeline()
        now = here.clock()
        try:
            inventory = wire.inventory_from(body, known_as(here, urls.canonical(body["repository"])))
        except (ValueError, RepositoryError) as error:
            abort(422, str(error))
        with v1_newborn.room():
            judged = simulate(here, inventory, now)
        policy = {"version": here.policy.version, "documents": dict(here.policy.documents)}
        entities = [simulated_json(one, inventory.commit) for one in judged]
        answer = wire.dumps({"now": now, "policy": policy, "entities": entities})
        return Response(answer.encode("utf-8", "replace"), mimetype="application/json")


def simulated_json(one: Judged, commit: str) -> dict[str, Any]:
    return {
        "entity": wire.entity_body(one.entity),
        "subject": codec.encode(one.subject),
        "commit": commit,
        "fact_sets": [
            {
                "retriever": facts.retriever,
                "collected_at": facts.collected_at,
                "expires_at": facts.expires_at,
                "body": wire.fact_set_body(facts),
            }
            for facts in one.fact_sets
        ],
        "waivers": [asdict(waiver) for waiver in one.waivers],
        "results": to_json(str(one.entity.ref), one.results),
    }
