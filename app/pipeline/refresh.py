"""Refresh: one claimed repository brought to its tip, read, attributed and saved in one transaction.

Called by a worker for each claim. What fails raises; the worker keeps the error in the repository's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from app.attribution.attribute import Attributor
from app.catalog.model import Entity, EntityRef
from app.errors import RepositoryError
from app.facts import codec
from app.facts.inventory import Found, Inventory, take
from app.formats import reading
from app.formats.model import AlertmanagerConfig
from app.formats.model import Pipeline as CiPipeline
from app.jobs.due import next_poll, next_retry
from app.pipeline.readings import StoredCache
from app.pipeline.services import Pipeline
from app.pipeline.unread import unread
from app.repos.mirror import Mirror
from app.repos.model import Tip
from app.repos.snapshot import CommitSnapshot
from app.store.model import Counts, InventoryRows, ObjectRow, ProblemRow, RepositoryClaim, UnreadableRow

log = structlog.get_logger(__name__)
RESOLVE_AGAIN = timedelta(days=1)
"""How long a default branch is believed before HEAD is asked again."""


def refresh(pipeline: Pipeline, claim: RepositoryClaim) -> Counts | None:
    """Looks for a new tip; reads and saves it when there is one. None when nothing moved."""
    now = pipeline.clock()
    mirror = pipeline.mirror(claim.remote or claim.url)
    fresh = claim.branch_resolved_at is not None and now - claim.branch_resolved_at < RESOLVE_AGAIN
    cache = StoredCache(pipeline.store.parsed, now)
    try:
        snapshot = _at_once(mirror, claim, now, fresh=fresh)
        tip = Tip(snapshot.branch, snapshot.commit) if snapshot else mirror.tip(claim.branch if fresh else "")
        resolved_at = claim.branch_resolved_at if fresh and tip.branch == claim.branch else now
        if tip.commit == claim.tip and claim.read_at is not None and claim.read_version == reading.VERSION:
            _unchanged(pipeline, claim, tip, resolved_at)
            return None
        snapshot = snapshot or mirror.sync(tip, now)
        inventory = take(snapshot, cache)
    except RepositoryError as error:
        if claim.read_at is None or not claim.tip:
            _save_unreadable(pipeline, claim, error, now)
        raise
    rows = rows_of(pipeline, inventory, {entry.path: entry.blob for entry in snapshot.entries()})
    rows = replace(rows, branch=tip.branch, branch_resolved_at=resolved_at, readings=cache.fresh)
    done_at = pipeline.clock()
    counts = pipeline.store.inventories.save(claim, rows, done_at, next_due=_next_due(pipeline, claim, done_at))
    if claim.read_at is None and claim.forge_id:
        pipeline.store.repositories.has_moved(claim.url, claim.forge_id, done_at)
    log.info(
        "repository.refreshed",
        repository=claim.url,
        commit=inventory.commit[:12],
        objects=len(inventory.found),
        entities=len(inventory.entities),
        due=counts.due,
    )
    return counts


def _at_once(mirror: Mirror, claim: RepositoryClaim, now: datetime, *, fresh: bool) -> CommitSnapshot | None:
    """What one connection brings: a repository that was never read, or a known branch that somebody says has moved."""
    if claim.read_at is None:
        return mirror.first(now, claim.branch)
    if fresh and claim.branch and claim.tip and claim.hints > claim.hints_done:
        return mirror.newest(Tip(claim.branch, claim.tip), now)
    return None


def _unchanged(pipeline: Pipeline, claim: RepositoryClaim, tip: Tip, resolved_at: datetime | None) -> None:
    now = pipeline.clock()
    pipeline.store.claims.finish(
        claim,
        now=now,
        next_due=_next_due(pipeline, claim, now),
        commit=tip.commit,
        branch=tip.branch,
        branch_resolved_at=resolved_at,
    )


def _next_due(pipeline: Pipeline, claim: RepositoryClaim, now: datetime) -> datetime:
    return next_poll(now, pipeline.interval_of(claim.url), pipeline.rng)


def rows_of(pipeline: Pipeline, inventory: Inventory, blobs: Mapping[str, str]) -> InventoryRows:
    """The inventory as rows, each object with its owner by the catalog that this same inventory makes."""
    evidence = inventory.url in pipeline.evidence
    entities = tuple(one for one in inventory.entities if one.identified and not (one.provisional and evidence))
    version, known = pipeline.lately_known()
    attributor = known.replacing(inventory.url, entities)
    return InventoryRows(
        tip=inventory.commit,
        read_version=reading.VERSION,
        branch=inventory.branch,
        paths=blobs,
        skipped=tuple((skipped.path, skipped.reason) for skipped in inventory.skipped[:1000]),
        objects=tuple(_object(found, attributor) for found in inventory.found),
        unreadable=tuple(
            UnreadableRow(
                path=place.path,
                line=place.line,
                group=place.group,
                reason=place.reason,
                ignored=place.ignored,
                refs=attributor.of_unreadable(place.repository, place.path, place.group).refs,
            )
            for place in inventory.unreadable
        ),
        problems=tuple(ProblemRow(problem=problem) for problem in inventory.problems),
        entities=entities,
        catalog_version=version,
        also_due=_routed(pipeline, inventory) | _piped(pipeline, inventory, entities),
    )


def _piped(pipeline: Pipeline, inventory: Inventory, entities: Sequence[Entity]) -> frozenset[EntityRef]:
    """All of a repository's entities, when a CI configuration comes: before it came, nobody had read it."""
    now = {found.path for found in inventory.of(CiPipeline.kind)}
    if not now:
        return frozenset()
    before = {stored.path for stored in pipeline.store.objects.of_repository(inventory.url, CiPipeline.kind)}
    if now <= before:
        return frozenset()
    return frozenset(one.ref for one in (*entities, *pipeline.store.entities.declared_in(inventory.url)))


def _routed(pipeline: Pipeline, inventory: Inventory) -> frozenset[EntityRef]:
    """Everyone, when a shared Alertmanager configuration comes or goes: before it came, nobody had read it."""
    kind = AlertmanagerConfig.kind
    if "alertmanager" not in pipeline.evidence.get(inventory.url, ()):
        return frozenset()
    before = {stored.path for stored in pipeline.store.objects.of_repository(inventory.url, kind)}
    now = {found.path for found in inventory.of(kind)}
    return frozenset(pipeline.catalog().entities) if before != now else frozenset()


def _object(found: Found, attributor: Attributor) -> ObjectRow:
    owned = attributor.of(found)
    return ObjectRow(
        path=found.path,
        line=found.object.line,
        kind=found.object.kind,
        body=codec.encode(found.object),
        ignored=found.ignored,
        changed_at=found.changed.at if found.changed else None,
        changed_exact=found.changed.exact if found.changed else False,
        refs=owned.refs,
        why=owned.why,
    )


def _save_unreadable(pipeline: Pipeline, claim: RepositoryClaim, error: RepositoryError, now: datetime) -> None:
    """A repository that was never read still stands for something: a provisional component whose facts are unknown."""
    if claim.url in pipeline.evidence:
        return
    known = pipeline.store.entities.declared_in(claim.url)
    nothing = unread(claim.url, claim.branch, str(error))
    entities = tuple(known) or nothing.entities
    refs = tuple(entity.ref for entity in entities)
    rows = InventoryRows(
        tip="",
        branch=claim.branch,
        paths={},
        unreadable=tuple(
            UnreadableRow(path=one.path, line=one.line, group=one.group, reason=one.reason, refs=refs)
            for one in nothing.unreadable
        ),
        entities=entities,
    )
    pipeline.store.inventories.save(claim, rows, now)


def failed(pipeline: Pipeline, claim: RepositoryClaim, error: Exception) -> None:
    """Keeps an error where people see it, and says when to try again."""
    now = pipeline.clock()
    known = isinstance(error, RepositoryError)
    permanent = isinstance(error, RepositoryError) and error.permanent
    text = str(error) if known else f"an unexpected {type(error).__name__}; the log tells more"
    retry = next_retry(now, claim.failures + 1, text, pipeline.rng, permanent=permanent, good_at=claim.checked_at)
    pipeline.store.claims.fail(
        claim,
        now=now,
        error=text,
        reason=error.reason if isinstance(error, RepositoryError) else "source_failing",
        next_due=retry.due_at,
        parked_reason=retry.parked_reason,
    )
