"""`/api/tech-insights`, the door: the routes of the original, each answering from the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, Response, current_app, request

from app.api.guard import require
from app.api.kept import Kept, Kind
from app.api.reading import pipeline
from app.api.tech_insights import asked, errors, facts
from app.api.tech_insights.catalogue import Catalogue, catalogue_of
from app.api.tech_insights.errors import Refused
from app.api.tech_insights.runs import Ran, dumped, joined, ran
from app.catalog.model import EntityRef
from app.identity.model import READ
from app.pipeline.services import Pipeline
from app.store.served import Served, ServedResult
from app.store.store import Store

blueprint = Blueprint("tech_insights", __name__, url_prefix=errors.PREFIX)
blueprint.register_error_handler(Refused, errors.refused)
_CHUNK = 50
_PERMISSIONS = (
    ("tech-insights.check.read", "read"),
    ("tech-insights.check.run", "update"),
    ("tech-insights.fact-retriever.read", "read"),
)


@dataclass(slots=True)
class Insights:
    """What these routes work with: the pipeline, what is kept, and where links to our pages lead ("" for nowhere)."""

    pipeline: Pipeline
    kept: Kept
    public_url: str = ""
    _catalogue: Catalogue | None = None
    _kind: Kind[tuple[Ran, ...]] | None = field(default=None)

    def catalogue(self) -> Catalogue:
        """The checks of the policy in force."""
        policy = self.pipeline.policy
        if self._catalogue is None or self._catalogue.version != policy.version:
            self._catalogue = catalogue_of(policy, self.public_url)
        return self._catalogue

    def runs(self, refs: Sequence[EntityRef], store: Store) -> dict[EntityRef, tuple[Ran, ...]]:
        """The results of entities; those that this reader's store does not show are as if there were none."""
        catalogue = self.catalogue()
        if not store.sight.is_limited:
            return self.kept.many(self._kind_of(catalogue), refs)
        seen = store.entities.known(refs)
        hidden = {ref: ran((), catalogue) for ref in refs if ref not in seen}
        return hidden | self.kept.many(self._kind_of(catalogue), [ref for ref in refs if ref in seen])

    def run(self, ref: EntityRef, store: Store) -> tuple[Ran, ...]:
        if store.sight.is_limited and not store.entities.known([ref]):
            return ran((), self.catalogue())
        return self.kept.one(self._kind_of(self.catalogue()), ref)

    def _kind_of(self, catalogue: Catalogue) -> Kind[tuple[Ran, ...]]:
        name = f"tech-insights {catalogue.version}"
        if self._kind is None or self._kind.name != name:

            def make(_: EntityRef, rows: Sequence[ServedResult]) -> tuple[Ran, ...]:
                return ran((row.body for row in rows), catalogue)

            self._kind = Kind(name, make, lambda runs: sum(len(one.data) + 100 for one in runs))
        return self._kind


def insights() -> Insights:
    found: Insights = current_app.extensions["tech_insights"]
    return found


@blueprint.get("/checks", strict_slashes=False)
def checks() -> Response:
    """Every check, and a boolean for each scorecard's target."""
    return _json(insights().catalogue().body)


@blueprint.post("/checks/run/<namespace>/<kind>/<name>", strict_slashes=False)
@require(READ)
def run_one(namespace: str, kind: str, name: str) -> Response:
    """The check results of one entity, from the store; an unknown entity has none."""
    wanted = asked.checks_of(asked.body_of(request.get_data(cache=False)))
    _refuse_unknown(wanted, insights().catalogue())
    runs = insights().run(EntityRef(kind.lower(), namespace.lower(), name.lower()), pipeline().store)
    return _sent(joined(runs, wanted))


@blueprint.post("/checks/run", strict_slashes=False)
@require(READ)
def run_many() -> Response:
    """The check results of many entities, sent as they are read; an empty list asks for every entity."""
    body = asked.body_of(request.get_data(cache=False))
    wanted, entities = asked.checks_of(body), asked.entities_of(body)
    store = pipeline().store
    chunks = _chunks(entities) if entities else _everyone(store.served)
    return Response(_rows(insights(), store, chunks, wanted), mimetype="application/json")


@blueprint.get("/fact-schemas", strict_slashes=False)
def fact_schemas() -> Response:
    """Our groups of facts, and one of each scorecard."""
    return _json(facts.schemas(insights().catalogue(), asked.ids_of(request.args.items(multi=True)) or None))


@blueprint.get("/facts/latest", strict_slashes=False)
def facts_latest() -> Response:
    """The last facts of an entity."""
    ref = asked.ref_of(request.args.get("entity", ""))
    ids = asked.needed_ids(asked.ids_of(request.args.items(multi=True)))
    store = pipeline().store
    found = facts.latest(ref, store.judgements.facts(ref), store.changes.history(ref))
    return _json({id_: found[id_] for id_ in dict.fromkeys(ids) if id_ in found})


@blueprint.get("/facts/range", strict_slashes=False)
def facts_range() -> Response:
    """The facts of an entity within a range of time."""
    ref = asked.ref_of(request.args.get("entity", ""))
    ids = asked.needed_ids(asked.ids_of(request.args.items(multi=True)))
    start, end = asked.range_of(request.args.get("startDatetime", ""), request.args.get("endDatetime", ""))
    store = pipeline().store
    found = facts.between(ref, store.judgements.facts(ref), store.changes.history(ref, since=start), start, end)
    return _json({id_: found[id_] for id_ in dict.fromkeys(ids) if id_ in found})


@blueprint.get("/.well-known/backstage/permissions/metadata", strict_slashes=False)
def permissions() -> Response:
    """The permissions that the original declares, for tools that list them."""
    names = [{"type": "basic", "name": name, "attributes": {"action": action}} for name, action in _PERMISSIONS]
    return _json({"permissions": names, "rules": []})


def _refuse_unknown(wanted: Sequence[str] | None, catalogue: Catalogue) -> None:
    for check in wanted or ():
        if check not in catalogue.checks:
            raise Refused(404, _unregistered(check))


def _unregistered(check: str) -> str:
    return f"Tech insight check with id '{check}' is not registered."


def _chunks(entities: list[asked.Asked]) -> Iterator[list[asked.Asked]]:
    for start in range(0, len(entities), _CHUNK):
        yield entities[start : start + _CHUNK]


def _everyone(served: Served) -> Iterator[list[asked.Asked]]:
    last = None
    while refs := served.refs(last, _CHUNK):
        yield [asked.Asked(str(ref), ref) for ref in refs]
        last = refs[-1]


def _rows(
    here: Insights, store: Store, chunks: Iterator[list[asked.Asked]], wanted: Sequence[str] | None
) -> Iterator[bytes]:
    """The JSON list, a chunk of entities at a time."""
    catalogue, glue = here.catalogue(), b"["
    unknown = next((check for check in wanted or () if check not in catalogue.checks), None)
    for chunk in chunks:
        runs = {} if unknown else here.runs([one.ref for one in chunk if one.ref is not None], store)
        rows = []
        for one in chunk:
            problem = ("NotFoundError", _unregistered(unknown)) if unknown else ("InputError", one.problem)
            if one.ref is None or unknown:
                error = {"name": problem[0], "message": problem[1]}
                rows.append(dumped({"entity": one.echo, "error": error, "results": []}))
            else:
                results = joined(runs[one.ref], wanted)
                rows.append(b'{"entity":' + dumped(one.echo) + b',"results":' + results + b"}")
        yield glue + b",".join(rows)
        glue = b","
    yield b"[]" if glue == b"[" else b"]"


def _json(body: object) -> Response:
    return _sent(dumped(body))


def _sent(data: bytes) -> Response:
    """JSON under an ETag of its bytes; a GET whose copy is current is answered 304."""
    response = Response(data, mimetype="application/json")
    response.set_etag(hashlib.blake2b(data, digest_size=12).hexdigest(), weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    if request.method in ("GET", "HEAD"):
        response.make_conditional(request)
    return response
