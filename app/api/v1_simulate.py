"""`POST /api/v1/simulate`: what we would say of a repository as it lies on a laptop or in CI. Nothing is kept."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

from flask import Response, abort
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from werkzeug.exceptions import ServiceUnavailable

from app.api import schemas
from app.api.guard import require
from app.api.reading import pipeline
from app.api.result_schemas import JudgedScorecard, Told
from app.api.v1 import problems
from app.api.v1_blueprint import bounded
from app.api.v1_facts import blueprint
from app.errors import RepositoryError
from app.facts import codec, wire
from app.identity.model import READ
from app.pipeline.scoring import Judged
from app.pipeline.simulate import known_as, simulate
from app.policy.results import to_json
from app.repos import urls

__all__ = ["blueprint"]
MAX_BODY = 16 * 1024 * 1024
ROOM = threading.BoundedSemaphore(2)
WAIT_SECONDS = 10.0


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


class Simulated(Told):
    now = fields.Dict(metadata={"description": 'when it was judged: {"$instant": …}, as in fact sets'})
    policy = fields.Dict(metadata={"description": "version, and documents by path"})
    entities = fields.List(fields.Nested(SimulatedEntity))


@blueprint.route("/simulate")
class Simulate(MethodView):
    @require(READ)
    @bounded(MAX_BODY)
    @problems
    @blueprint.arguments(InventoryBody, unknown=RAISE)
    @blueprint.response(200, Simulated)
    @blueprint.alt_response(503, schema=schemas.Problem, content_type="application/problem+json")
    def post(self, body: dict[str, Any]) -> Response:
        """Judge a repository as handed in, with the catalog, inherited and reported facts known here.

        At the same commit the verdicts are those of `/results`. A reader who sees only some entities gets facts of
        those only.
        """
        here = pipeline()
        now = here.clock()
        try:
            inventory = wire.inventory_from(body, known_as(here, urls.canonical(body["repository"])))
        except (ValueError, RepositoryError) as error:
            abort(422, str(error))
        if not ROOM.acquire(timeout=WAIT_SECONDS):
            raise ServiceUnavailable("Too many simulations at once.", retry_after=10)
        try:
            judged = simulate(here, inventory, now)
        finally:
            ROOM.release()
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
