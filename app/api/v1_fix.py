"""`GET …/fix`: what fails of an entity, mended as a diff that was scored before it is told. Nothing is kept."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from werkzeug.exceptions import ServiceUnavailable, UnprocessableEntity

from app.api import schemas
from app.api.fix_schemas import FixBody
from app.api.reading import dumped, entity_of, of_results, pipeline, ref_of
from app.api.result_schemas import Told
from app.api.v1 import problems
from app.api.v1_preview import blueprint
from app.api.v1_simulate import ROOM, WAIT_SECONDS
from app.catalog.model import Entity
from app.errors import RepositoryError
from app.pipeline.fixing_stored import fix_entity
from app.remediation.proposal import Proposal, to_json

__all__ = ["blueprint"]
DIFF = "text/x-diff"
_ANSWER = validate.Regexp(r"[^=]{1,200}=.{0,2000}\Z", error="is key=value")


class FixQuery(Schema):
    check = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        load_default=[],
        metadata={"description": "only this check; may be given several times"},
    )
    set = fields.List(
        fields.String(validate=_ANSWER),
        load_default=[],
        metadata={"description": "key=value: the answer to a question; may be given several times"},
    )
    format = fields.String(
        validate=validate.OneOf(("json", "diff")),
        metadata={"description": "else as `Accept` says: JSON or text/x-diff"},
    )


class FixLevels(Told):
    scorecard = fields.String()
    before = fields.String()
    after = fields.String(allow_none=True)
    possible_before = fields.String(metadata={"description": "with what can't be seen taken as passed"})
    possible_after = fields.String(allow_none=True)
    score_before = fields.Float(allow_none=True)
    score_after = fields.Float(allow_none=True)


class FixAnswer(FixBody, schemas.OfOne):
    """`commit` is the one that the diff applies to."""

    entity = fields.String()
    repository = fields.String(allow_none=True)
    branch = fields.String(allow_none=True)
    levels = fields.List(fields.Nested(FixLevels))


@blueprint.route("/entities/by-name/<kind>/<namespace>/<name>/fix")
class EntityFix(MethodView):
    @problems
    @blueprint.arguments(FixQuery, location="query", unknown=RAISE)
    @blueprint.response(200, FixAnswer)
    @blueprint.doc(responses={200: {"content": {DIFF: {"schema": {"type": "string"}}}}})
    @blueprint.alt_response(503, schema=schemas.Problem, content_type="application/problem+json")
    def get(self, query: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """What fails, mended as a unified diff against the scored commit, with the reason of each hunk.

        Every step was scored: a step that would make another check worse is left out. What only a person knows is
        asked for in `questions`, never made up.
        """
        ref = ref_of(kind, namespace, name)
        proposal = proposed(entity_of(ref), query["check"], answers_of(query["set"]))
        wanted = query.get("format") or ("diff" if _wants_diff() else "json")
        if wanted == "diff":
            response = Response(proposal.diff.encode("utf-8", "surrogateescape"), mimetype=DIFF)
            response.headers["Cache-Control"] = "private, no-cache"
            return response
        return dumped({**of_results(pipeline().store.judgements.results(ref)), **to_json(proposal)})


def answers_of(said: list[str]) -> dict[str, str]:
    return {key: value for key, _, value in (one.partition("=") for one in said)}


def proposed(entity: Entity, checks: list[str], answers: dict[str, str]) -> Proposal:
    """Two at a time; a repository that can't be read now is 503. Raises NotFoundError."""
    here = pipeline()
    known_checks(checks)
    if not ROOM.acquire(timeout=WAIT_SECONDS):
        raise ServiceUnavailable("Too many fixes and simulations at once.", retry_after=10)
    try:
        return fix_entity(here, entity, checks=checks, answers=answers)
    except RepositoryError as error:
        raise ServiceUnavailable(f"The repository can't be read now: {error}", retry_after=30) from None
    finally:
        ROOM.release()


def known_checks(checks: list[str]) -> None:
    """Raises UnprocessableEntity for one that policy does not have."""
    if unknown := [check for check in checks if check not in pipeline().policy.checks]:
        raise UnprocessableEntity(f"There is no check {unknown[0]}.")


def _wants_diff() -> bool:
    best = request.accept_mimetypes.best_match(("application/json", DIFF), default="application/json")
    return best == DIFF
