"""`…/fix/pull-request`: an entity's fixes as one request on its forge, kept up to date or closed; the list of all."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, g
from flask.views import MethodView
from marshmallow import RAISE
from werkzeug.exceptions import BadGateway, ServiceUnavailable

from app.api import schemas
from app.api.fix_schemas import (
    FixRequestAnswer,
    FixRequestBody,
    FixRequestDetail,
    FixRequestPage,
    FixRequestQuery,
    fix_request_json,
)
from app.api.guard import require
from app.api.lists import owners_of, parsed_ref
from app.api.reading import aged, audited, dumped, entity_of, pipeline, ref_of
from app.api.v1 import problems
from app.api.v1_fix import blueprint, known_checks
from app.api.v1_simulate import ROOM, WAIT_SECONDS
from app.catalog.model import Entity
from app.clients.forges.api import ForgeError
from app.clients.forges.request_parts import Opened
from app.errors import NotFoundError, RepositoryError
from app.identity.model import FIXES_WRITE
from app.pipeline.fix_requests import FixRequests
from app.store.proposed import LIVING

__all__ = ["blueprint"]


@blueprint.route("/entities/by-name/<kind>/<namespace>/<name>/fix/pull-request")
class EntityFixRequest(MethodView):
    @problems
    @blueprint.response(200, FixRequestDetail)
    def get(self, kind: str, namespace: str, name: str) -> Response:
        """The entity's last fix request: what was asked for, and what became of it. 404 where there was none.

        It is as it was when it was last looked at: after each judging, and once a day.
        """
        ref, here = ref_of(kind, namespace, name), pipeline()
        entity_of(ref)
        found = here.store.fix_requests.get(ref)
        if found is None:
            raise NotFoundError(f"There is no fix request of {ref}.")
        return dumped({**fix_request_json(found), **aged([found.changed_at]), "policy_version": here.policy.version})

    @require(FIXES_WRITE)
    @problems
    @blueprint.arguments(FixRequestBody, unknown=RAISE)
    @blueprint.response(200, FixRequestAnswer)
    @blueprint.alt_response(502, schema=schemas.Problem, content_type="application/problem+json")
    @blueprint.alt_response(503, schema=schemas.Problem, content_type="application/problem+json")
    def post(self, body: dict[str, Any], kind: str, namespace: str, name: str) -> dict[str, Any]:
        """Open the entity's fix request, bring it up to date, or close it when nothing is left to mend.

        One branch and one request an entity; asking twice changes nothing. A branch onto which a person has pushed is
        theirs, and left alone. What was asked for is remembered: a worker keeps the request so after each judging.
        """
        entity = entity_of(ref_of(kind, namespace, name))
        opened = kept(entity, body["checks"], body["set"])
        return {
            "entity": str(entity.ref),
            "state": opened.state,
            "url": opened.url or None,
            "number": opened.number or None,
        }


@blueprint.route("/fix-requests")
class FixRequestList(MethodView):
    @problems
    @blueprint.arguments(FixRequestQuery, location="query", unknown=RAISE)
    @blueprint.response(200, FixRequestPage)
    def get(self, query: dict[str, Any]) -> Response:
        """Fix pull requests, in the order of their entities; those that are open unless `state` says otherwise."""
        here = pipeline()
        owners = owners_of(parsed_ref(query["owner"], "group")) if "owner" in query else ()
        page = here.store.fix_requests.page(
            after=query.get("cursor", ""), limit=query["limit"], states=query.get("state", LIVING), owners=owners
        )
        return dumped(
            {
                "items": [fix_request_json(one) for one in page.items],
                "next_cursor": page.next_cursor,
                "total": page.total,
                **aged([one.changed_at for one in page.items]),
                "policy_version": here.policy.version,
            }
        )


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
        opened = requests.keep(pipeline(), entity, checks=checks, answers=answers, by=g.identity.subject)
    except ForgeError as error:
        raise BadGateway(f"The forge refused: {error}") from None
    except RepositoryError as error:
        raise ServiceUnavailable(f"The repository can't be read now: {error}", retry_after=30) from None
    finally:
        ROOM.release()
    audited("entity.fix_request", str(entity.ref), state=opened.state, url=opened.url)
    return opened
