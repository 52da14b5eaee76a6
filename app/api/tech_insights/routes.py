"""`/api/tech-insights`, the door: the routes of the original, each answering from the store."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, current_app, request

from app.api.guard import require
from app.api.reading import entity_of, pipeline, refresh, sent
from app.api.tech_insights import asked, errors
from app.api.tech_insights.errors import Refused
from app.api.tech_insights.runs import dumped, ready_of
from app.api.tech_insights.service import Insights
from app.catalog.model import EntityRef
from app.identity.model import READ, REFRESH

blueprint = Blueprint("tech_insights", __name__, url_prefix=errors.PREFIX)
blueprint.register_error_handler(Refused, errors.refused)
_PERMISSIONS = (
    ("tech-insights.check.read", "read"),
    ("tech-insights.check.run", "update"),
    ("tech-insights.fact-retriever.read", "read"),
)


def insights() -> Insights:
    found: Insights = current_app.extensions["tech_insights"]
    return found


@blueprint.get("/checks", strict_slashes=False)
def checks() -> Response:
    """Every check, and a boolean for each scorecard's target."""
    return _json(insights().checks())


@blueprint.post("/checks/run/<namespace>/<kind>/<name>", strict_slashes=False)
@require(READ)
def run_one(namespace: str, kind: str, name: str) -> Response:
    """The check results of one entity, from the store; an unknown entity has none."""
    wanted = asked.checks_of(asked.body_of(request.get_data(cache=False)))
    return sent(insights().run(EntityRef(kind.lower(), namespace.lower(), name.lower()), wanted, pipeline().store))


@blueprint.post("/checks/run", strict_slashes=False)
@require(READ)
def run_many() -> Response:
    """The check results of many entities, sent as they are read; an empty list asks for every entity."""
    body = asked.body_of(request.get_data(cache=False))
    wanted, entities = asked.checks_of(body), asked.entities_of(body)
    rows = insights().run_many(entities, wanted, pipeline().store)
    response = Response(mimetype="application/json", headers={"Vary": "Accept-Encoding", "Cache-Control": "no-store"})
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.headers["Content-Encoding"] = "gzip"
        rows = packed(rows)
    response.response = rows
    return response


@blueprint.get("/fact-schemas", strict_slashes=False)
def fact_schemas() -> Response:
    """Our groups of facts, and one of each scorecard."""
    return _json(insights().schemas(asked.ids_of(request.args.items(multi=True)) or None))


@blueprint.get("/facts/latest", strict_slashes=False)
def facts_latest() -> Response:
    """The last facts of an entity."""
    ref = asked.ref_of(request.args.get("entity", ""))
    ids = asked.needed_ids(asked.ids_of(request.args.items(multi=True)))
    return _json(insights().latest(ref, ids, pipeline().store))


@blueprint.post("/facts/refresh/<namespace>/<kind>/<name>", strict_slashes=False)
@require(REFRESH)
def facts_refresh(namespace: str, kind: str, name: str) -> tuple[Response, int]:
    """Pulls the entity's repository forward: all its facts are collected anew, whichever retrievers are named."""
    asked.retrievers_of(asked.body_of(request.get_data(cache=False)))
    entity = entity_of(EntityRef(kind.lower(), namespace.lower(), name.lower()))
    if not entity.repository:
        raise Refused(501, f"{entity.ref} lies in no repository that could be read again.")
    refresh(entity)
    return _json({"entity": str(entity.ref)}), 202


@blueprint.get("/facts/range", strict_slashes=False)
def facts_range() -> Response:
    """The facts of an entity within a range of time."""
    ref = asked.ref_of(request.args.get("entity", ""))
    ids = asked.needed_ids(asked.ids_of(request.args.items(multi=True)))
    start, end = asked.range_of(request.args.get("startDatetime", ""), request.args.get("endDatetime", ""))
    return _json(insights().between(ref, ids, start, end, pipeline().store))


@blueprint.get("/.well-known/backstage/permissions/metadata", strict_slashes=False)
def permissions() -> Response:
    """The permissions that the original declares, for tools that list them."""
    names = [{"type": "basic", "name": name, "attributes": {"action": action}} for name, action in _PERMISSIONS]
    return _json({"permissions": names, "rules": []})


def packed(rows: Iterable[bytes]) -> Iterator[bytes]:
    """The same as one gzip stream, as it comes."""
    packer = zlib.compressobj(1, wbits=31)
    for row in rows:
        yield packer.compress(row)
    yield packer.flush()


def _json(body: object) -> Response:
    return sent(ready_of(dumped(body)))
