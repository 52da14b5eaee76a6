"""`POST /api/v1/facts`: what we can't crawl, reported by CI and other tools; and the schemas of such reports."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, json
from flask.views import MethodView
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import UnprocessableEntity

from app.api import schemas
from app.api.guard import require
from app.api.lists import parsed_ref
from app.api.queries import Instant
from app.api.reading import audited, dumped, entity_of, pipeline
from app.api.result_schemas import Told
from app.api.v1 import problems
from app.api.v1_blueprint import bounded
from app.api.v1_notifications import blueprint
from app.errors import StaleError
from app.facts.push_schemas import LIVES, SCHEMAS
from app.facts.push_schemas import schemas as schemas_of
from app.identity.model import FACTS_WRITE
from app.lib.times import format_duration, parse_duration
from app.pipeline.push import PushError, Report, proofs, push

__all__ = ["blueprint"]
MAX_BODY = 768 * 1024
_WORD = validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9._/@:-]{0,99}\Z", error="is 1 to 100 of letters, digits and ._/@:-")
_KEY = validate.Regexp(r"[\x21-\x7e]{1,200}\Z", error="is 1 to 200 printable characters without spaces")


class Duration(fields.String):
    """As Prometheus writes it: 7d, 12h."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return parse_duration(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class FactReport(Schema):
    entity = fields.String(
        required=True, validate=validate.Length(1, 300), metadata={"description": "an entityRef of the catalog"}
    )
    group = fields.String(required=True, validate=validate.OneOf(tuple(SCHEMAS)))
    source = fields.String(
        required=True, validate=_WORD, metadata={"description": "who reports, such as ci/render; its own last report"}
    )
    data = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "of the group's schema (see GET); null takes this source's report back"},
    )
    observed_at = Instant(metadata={"description": "when it was seen; now by default. An older one never wins"})
    ttl = Duration(metadata={"description": "how long it holds, such as 7d; at most 400d"})
    url = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        validate=validate.Length(max=2000),
        metadata={"description": "where a person sees more, such as the run"},
    )
    commit = fields.String(
        validate=validate.Regexp(r"[0-9a-f]{7,64}\Z"), metadata={"description": "of what was rendered"}
    )


class KeyHeader(Schema):
    key = fields.String(
        data_key="Idempotency-Key", validate=_KEY, metadata={"description": "a repeated call with it does nothing more"}
    )


class FactAccepted(Told):
    entity = fields.String()
    group = fields.String()
    source = fields.String()
    observed_at = fields.DateTime(allow_none=True)
    expires_at = fields.DateTime(allow_none=True)
    due = fields.Integer(metadata={"description": "how many entities are judged again for it"})


class FactSchema(Told):
    group = fields.String()
    ttl = fields.String(metadata={"description": "by default"})
    schema = fields.Dict(metadata={"description": "JSON Schema, 2020-12"})


class FactSchemas(schemas.ByPolicy):
    items = fields.List(fields.Nested(FactSchema))


@blueprint.route("/facts")
class PushedFacts(MethodView):
    @blueprint.response(200, FactSchemas)
    def get(self) -> Response:
        """The groups that may be reported, with their schemas."""
        here = pipeline()
        items = [
            {"group": name, "ttl": format_duration(LIVES[name]), "schema": schema}
            for name, schema in schemas_of(proofs(here)).items()
        ]
        return dumped({"items": items, "policy_version": here.policy.version})

    @require(FACTS_WRITE)
    @bounded(MAX_BODY)
    @problems
    @blueprint.arguments(KeyHeader, location="headers")
    @blueprint.arguments(FactReport, unknown=RAISE)
    @blueprint.response(202, FactAccepted)
    @blueprint.alt_response(409, schema=schemas.Problem, content_type="application/problem+json")
    def post(self, header: dict[str, Any], body: dict[str, Any]) -> Response:
        """Report facts of one entity. It is judged again at once; what was reported holds until it expires."""
        entity = entity_of(parsed_ref(body["entity"], "component"))
        report = Report(
            entity=entity.ref,
            group=body["group"],
            source=body["source"],
            data=body["data"],
            by=g.identity.subject,
            observed_at=body.get("observed_at"),
            life=body.get("ttl"),
            url=body.get("url", ""),
            commit=body.get("commit", ""),
            key=header.get("key", ""),
        )
        try:
            answer = push(pipeline(), report)
        except PushError as error:
            raise _unfit(error) from None
        except StaleError as error:
            abort(409, str(error))
        if answer.is_other:
            abort(422, "This Idempotency-Key was used for another request.")
        audited("facts.push", str(entity.ref), group=report.group, source=report.source)
        return Response(json.dumps(answer.body), 202, mimetype="application/json")


def _unfit(error: PushError) -> UnprocessableEntity:
    told = UnprocessableEntity(str(error))
    told.data = {"errors": dict(error.problems)}  # type: ignore[attr-defined]
    return told
