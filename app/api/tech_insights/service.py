"""What the routes of Tech Insights answer with: our results and facts, merged with those of another backend if any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.api.kept import Kept, Kind, Ready
from app.api.tech_insights import facts
from app.api.tech_insights.asked import Asked
from app.api.tech_insights.catalogue import Catalogue, catalogue_of
from app.api.tech_insights.errors import Refused
from app.api.tech_insights.runs import Ran, Runs, dumped, listed, merged, ran, ready_of
from app.api.tech_insights.upstream import Row, Upstream
from app.catalog.model import EntityRef
from app.lib.aside import Shelf
from app.pipeline.services import Pipeline
from app.store.served import Served, ServedResult
from app.store.store import Store

Checks = Sequence[str] | None
"""The checks asked for; None means all, an empty list none."""
_CHUNK = 50
_ON_DISK = 128 * 1024 * 1024
"""Bytes of packed results beside memory: of some 16,000 entities, which the budget of what is kept ends before."""
_NOTHING = Runs.of([])


@dataclass(slots=True)
class Insights:
    """The pipeline, what is kept, where links to our pages lead ("" for nowhere), and the other backend."""

    pipeline: Pipeline
    kept: Kept
    public_url: str = ""
    upstream: Upstream | None = None
    _catalogue: Catalogue | None = None
    _made: tuple[Kind[Runs], Kind[Ready]] = field(init=False)
    _made_for: str = ""
    _shelf: Shelf = field(default_factory=lambda: Shelf(_ON_DISK))

    def catalogue(self) -> Catalogue:
        """The checks of the policy in force."""
        policy = self.pipeline.policy
        if self._catalogue is None or self._catalogue.version != policy.version:
            self._catalogue = catalogue_of(policy, self.public_url, self.pipeline.forges)
        return self._catalogue

    def checks(self) -> list[Mapping[str, Any]]:
        """What `GET /checks` tells."""
        catalogue = self.catalogue()
        return [*catalogue.body, *(self.upstream.checks(catalogue.checks) if self.upstream else ())]

    def fast(self, ref: EntityRef) -> Ready | None:
        """All check results of an entity, for readers who see every one. None: ask `run`."""
        return None if self.upstream else self.kept.one(self._kinds()[1], ref)

    def run(self, ref: EntityRef, wanted: Checks, store: Store) -> Ready:
        """One entity's check results, as the reader's store shows it. Raises Refused for an unregistered check."""
        catalogue = self.catalogue()
        unknown = self._unknown(wanted, catalogue)
        if unknown and self.upstream is None:
            raise Refused(404, _unregistered(unknown))
        if not _seen([ref], store):
            return ready_of(b"[]")
        packed, whole = self._kinds()
        others = self.upstream.run(ref, wanted, catalogue.checks) if self.upstream else ()
        if wanted is None and not others:
            return self.kept.one(whole, ref)
        runs = self.kept.one(packed, ref)
        return ready_of(listed(merged(runs.each(wanted), others)))

    def run_many(self, entities: Sequence[Asked], wanted: Checks, store: Store) -> Iterator[bytes]:
        """The rows of a bulk run as pieces of one JSON list; no `entities` means every one that the store shows."""
        catalogue = self.catalogue()
        others: dict[EntityRef, Row] = {}
        told: Sequence[Ran] = ()
        refs = list(dict.fromkeys(one.ref for one in entities if one.ref is not None))
        if self.upstream is not None and (refs or not entities):
            others, told = self.upstream.run_many(refs, wanted, catalogue.checks)
            others = {ref: others[ref] for ref in _seen(list(others), store)}
        elif self.upstream is not None:
            told = self.upstream.told(wanted, catalogue.checks)
        unknown = "" if self.upstream else self._unknown(wanted, catalogue)
        chunks = _chunks(entities) if entities else _everyone(store.served, others)
        return self._rows(chunks, wanted, unknown, others, told, store)

    def schemas(self, wanted: Checks) -> list[dict[str, Any]]:
        catalogue = self.catalogue()
        found = facts.schemas(catalogue, wanted)
        if self.upstream is None:
            return found
        other = self.upstream.schemas(facts.known(catalogue))
        return found + [one for one in other if wanted is None or one.get("id") in wanted]

    def latest(self, ref: EntityRef, ids: Sequence[str], store: Store) -> dict[str, Any]:
        """Retriever → its last facts."""
        if not _seen([ref], store):
            return {}
        found = facts.latest(ref, store.judgements.facts(ref), store.changes.history(ref))
        return self._with_others(found, "latest", {"entity": str(ref)}, ids)

    def between(
        self, ref: EntityRef, ids: Sequence[str], start: datetime, end: datetime, store: Store
    ) -> dict[str, Any]:
        """Retriever → its facts from `start` to `end`."""
        if not _seen([ref], store):
            return {}
        found = facts.between(ref, store.judgements.facts(ref), store.changes.history(ref, since=start), start, end)
        query = {"entity": str(ref), "startDatetime": start.isoformat(), "endDatetime": end.isoformat()}
        return self._with_others(found, "range", query, ids)

    def _with_others(
        self, found: Mapping[str, Any], which: str, query: Mapping[str, str], ids: Sequence[str]
    ) -> dict[str, Any]:
        foreign = [id_ for id_ in ids if id_ not in facts.known(self.catalogue())]
        other = self.upstream.facts(which, query, foreign) if self.upstream else {}
        both = {**other, **found}
        return {id_: both[id_] for id_ in dict.fromkeys(ids) if id_ in both}

    def _rows(
        self,
        chunks: Iterable[Sequence[Asked]],
        wanted: Checks,
        unknown: str,
        others: Mapping[EntityRef, Row],
        told: Sequence[Ran],
        store: Store,
    ) -> Iterator[bytes]:
        glue = b"["
        for chunk in chunks:
            refs = _seen([one.ref for one in chunk if one.ref is not None], store)
            runs = self.kept.many(self._kinds()[0], refs) if not unknown else {}
            yield glue + b",".join(
                _row(one, unknown, runs.get(one.ref or _NOBODY, _NOTHING), wanted, others, told) for one in chunk
            )
            glue = b","
        yield b"[]" if glue == b"[" else b"]"

    def _kinds(self) -> tuple[Kind[Runs], Kind[Ready]]:
        """An entity's results in both forms that are kept: packed, for bulk runs, and ready to be sent."""
        catalogue = self.catalogue()
        if self._made_for != catalogue.version:

            def runs(_: EntityRef, rows: Sequence[ServedResult]) -> Runs:
                return Runs.of(ran((row.body for row in rows), catalogue), self._shelf)

            def ready(_: EntityRef, rows: Sequence[ServedResult]) -> Ready:
                return ready_of(listed(ran((row.body for row in rows), catalogue)))

            packed = Kind(f"tech-insights packed {catalogue.version}", runs, len)
            whole = Kind(f"tech-insights {catalogue.version}", ready, lambda one: len(one.data))
            self._made, self._made_for = (packed, whole), catalogue.version
        return self._made

    def _unknown(self, wanted: Checks, catalogue: Catalogue) -> str:
        return next((check for check in wanted or () if check not in catalogue.checks), "")


_NOBODY = EntityRef("", "", "")


def _unregistered(check: str) -> str:
    return f"Tech insight check with id '{check}' is not registered."


def _seen(refs: Sequence[EntityRef], store: Store) -> Sequence[EntityRef]:
    """Those that the reader may see: what is hidden is as if there were nothing."""
    if not store.sight.is_limited:
        return refs
    known = store.entities.known(refs)
    return [ref for ref in refs if ref in known]


def _everyone(served: Served, others: Mapping[EntityRef, Row]) -> Iterator[Sequence[Asked]]:
    """All entities that have results here, and then those that only the other backend knows."""
    last, rest = None, dict.fromkeys(others)
    while refs := served.refs(last, _CHUNK):
        yield [Asked(str(ref), ref) for ref in refs]
        last = refs[-1]
        for ref in refs:
            rest.pop(ref, None)
    yield from _chunks([Asked(str(ref), ref) for ref in rest])


def _chunks(entities: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    for start in range(0, len(entities), _CHUNK):
        yield entities[start : start + _CHUNK]


def _row(
    one: Asked, unknown: str, runs: Runs, wanted: Checks, others: Mapping[EntityRef, Row], told: Sequence[Any]
) -> bytes:
    """One row: the entity as it was asked for, an error if any, and its results."""
    other = others.get(one.ref) if one.ref is not None else None
    error = other.error if other is not None else None
    if one.ref is None:
        error = {"name": "InputError", "message": one.problem}
    if unknown:
        error = {"name": "NotFoundError", "message": _unregistered(unknown)}
    if one.ref is None or unknown or (isinstance(error, dict) and error.get("name") == "NotFoundError"):
        results = b"[]"
    elif other is not None or told:
        results = listed(merged(runs.each(wanted), other.runs if other else (), told))
    else:
        results = runs.picked(wanted)
    head = b'{"entity":' + dumped(one.echo) + (b',"error":' + dumped(error) if error else b"")
    return head + b',"results":' + results + b"}"
