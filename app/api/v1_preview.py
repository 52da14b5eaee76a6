"""`POST /api/v1/policy/preview`: who would change level, and which checks would turn, under other scorecards."""

from __future__ import annotations

from typing import Any

from flask import Response, abort
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from werkzeug.exceptions import ServiceUnavailable, UnprocessableEntity

from app.api import schemas
from app.api.guard import require
from app.api.lists import parsed_ref
from app.api.reading import dumped, pipeline
from app.api.result_schemas import Told
from app.api.v1 import problems
from app.api.v1_blueprint import bounded
from app.api.v1_simulate import ROOM, WAIT_SECONDS, blueprint
from app.errors import PolicyError
from app.facts.groups import SCHEMA
from app.identity.model import READ
from app.pipeline.preview import impact_json, preview
from app.policy.documents import load_texts

__all__ = ["blueprint"]
MAX_BODY = 4 * 1024 * 1024
_PATH = validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z", error="is a path within the folder of scorecards")


class PolicyBody(Schema):
    documents = fields.Dict(
        keys=fields.String(validate=_PATH),
        values=fields.String(),
        required=True,
        validate=validate.Length(1, 500, error="names at least one document"),
        metadata={"description": "the whole policy: path within its folder → YAML"},
    )
    limit = fields.Integer(load_default=200, validate=validate.Range(1, 500), metadata={"description": "entities"})
    cursor = fields.String(validate=validate.Length(1, 300), metadata={"description": "next_cursor of the last answer"})


class TurnedCheck(Told):
    check = fields.String()
    before = fields.String(allow_none=True)
    after = fields.String(allow_none=True)


class ImpactItem(Told):
    entity = fields.String()
    scorecard = fields.String()
    level_before = fields.String(allow_none=True)
    level_after = fields.String(allow_none=True)
    checks = fields.List(fields.Nested(TurnedCheck))


class ImpactPage(Told):
    items = fields.List(fields.Nested(ImpactItem), metadata={"description": "only what would change"})
    looked_at = fields.Integer(metadata={"description": "entities of this page"})
    next_cursor = fields.String(allow_none=True)
    policy_version = fields.String(metadata={"description": "in force"})
    preview_version = fields.String(metadata={"description": "of what was sent"})


@blueprint.route("/policy/preview")
class PolicyPreview(MethodView):
    @require(READ)
    @bounded(MAX_BODY)
    @problems
    @blueprint.arguments(PolicyBody, unknown=RAISE)
    @blueprint.response(200, ImpactPage)
    @blueprint.alt_response(503, schema=schemas.Problem, content_type="application/problem+json")
    def post(self, body: dict[str, Any]) -> Response:
        """The impact of other scorecards on a page of entities, by their stored facts. A bad policy is a 422."""
        here = pipeline()
        after = parsed_ref(body["cursor"], "component") if "cursor" in body else None
        if not ROOM.acquire(timeout=WAIT_SECONDS):
            raise ServiceUnavailable("Too many simulations at once.", retry_after=10)
        try:
            policy = load_texts(body["documents"], SCHEMA)
            refs = here.store.served.refs(after, body["limit"])
            found = preview(here.store, here.stored_catalog(), policy, refs, here.clock())
        except PolicyError as error:
            raise _refused(error) from None
        except (UnicodeError, RecursionError):
            abort(422, "The documents can't be read.")
        finally:
            ROOM.release()
        return dumped(
            {
                "items": [impact_json(one) for one in found],
                "looked_at": len(refs),
                "next_cursor": str(refs[-1]) if len(refs) == body["limit"] else None,
                "policy_version": here.policy.version,
                "preview_version": policy.version,
            }
        )


def _refused(error: PolicyError) -> UnprocessableEntity:
    told = UnprocessableEntity("The policy is refused.")
    problems_by_path: dict[str, list[str]] = {}
    for problem in error.problems[:100]:
        problems_by_path.setdefault(str(problem.path), []).append(str(problem))
    told.data = {"errors": problems_by_path}  # type: ignore[attr-defined]
    return told
