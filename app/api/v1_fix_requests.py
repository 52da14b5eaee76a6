"""`POST …/fix/pull-request`: the fixes of an entity as one request on its forge, kept up to date or closed."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from werkzeug.exceptions import BadGateway, ServiceUnavailable

from app.api import schemas
from app.api.guard import require
from app.api.reading import audited, entity_of, pipeline, ref_of
from app.api.v1 import problems
from app.api.v1_fix import blueprint, known_checks
from app.api.v1_simulate import ROOM, WAIT_SECONDS
from app.catalog.model import Entity
from app.clients.forges.api import ForgeError
from app.clients.forges.requests import Opened
from app.errors import RepositoryError
from app.identity.model import FIXES_WRITE
from app.pipeline.fix_requests import FixRequests

__all__ = ["blueprint"]


class FixRequestBody(Schema):
    checks = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        load_default=[],
        metadata={"description": "only these; none named: all that fail"},
    )
    set = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 200)),
        values=fields.String(validate=validate.Length(1, 2000)),
        load_default={},
        metadata={"description": "answers to questions"},
    )


class FixRequestAnswer(Schema):
    entity = fields.String(required=True)
    state = fields.String(metadata={"description": "opened, updated, unchanged, closed, nothing or taken over"})
    url = fields.String(allow_none=True)
    number = fields.Integer(allow_none=True)


@blueprint.route("/entities/by-name/<kind>/<namespace>/<name>/fix/pull-request")
class EntityFixRequest(MethodView):
    @require(FIXES_WRITE)
    @problems
    @blueprint.arguments(FixRequestBody, unknown=RAISE)
    @blueprint.response(200, FixRequestAnswer)
    @blueprint.alt_response(502, schema=schemas.Problem, content_type="application/problem+json")
    @blueprint.alt_response(503, schema=schemas.Problem, content_type="application/problem+json")
    def post(self, body: dict[str, Any], kind: str, namespace: str, name: str) -> dict[str, Any]:
        """Open the entity's fix request, bring it up to date, or close it when nothing is left to mend.

        One branch and one request an entity; asking twice changes nothing. A branch onto which a person has pushed is
        theirs, and left alone.
        """
        entity = entity_of(ref_of(kind, namespace, name))
        opened = kept(entity, body["checks"], body["set"])
        return {
            "entity": str(entity.ref),
            "state": opened.state,
            "url": opened.url or None,
            "number": opened.number or None,
        }


def speaks_for(entity: Entity) -> bool:
    requests: FixRequests = current_app.extensions["fix_requests"]
    return requests.speaks_for(entity.repository)


def kept(entity: Entity, checks: list[str], answers: dict[str, str]) -> Opened:
    """Opens, updates or closes, and remembers who asked. A forge's refusal is 502, ours to speak for it 422."""
    requests: FixRequests = current_app.extensions["fix_requests"]
    known_checks(checks)
    if not requests.speaks_for(entity.repository):
        abort(422, "No source under sources.forges speaks for its repository.")
    if not ROOM.acquire(timeout=WAIT_SECONDS):
        raise ServiceUnavailable("Too many fixes and simulations at once.", retry_after=10)
    try:
        opened = requests.keep(pipeline(), entity, checks=checks, answers=answers)
    except ForgeError as error:
        raise BadGateway(f"The forge refused: {error}") from None
    except RepositoryError as error:
        raise ServiceUnavailable(f"The repository can't be read now: {error}", retry_after=30) from None
    finally:
        ROOM.release()
    audited("entity.fix_request", str(entity.ref), state=opened.state, url=opened.url)
    return opened
