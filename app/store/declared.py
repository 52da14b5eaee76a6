"""Who tells of an entity, and which telling counts.

The same reference may be declared by a catalog, by a repository, by two. Every declaration is kept; the one that counts
is live and has the lowest rank, then the one that already counted, then the first. When it goes, the next takes over
without another crawl; when none is left the entity is orphaned: kept, marked, not judged.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, RowMapping, bindparam, select, update

from app.catalog.model import Entity, EntityRef
from app.store.codec import digest, entity_body
from app.store.due import mark
from app.store.heirs import heirs_of
from app.store.model import Difference, Why
from app.store.sql import CATALOG_TURN, Row, chunks, next_numbers, remove, take_turn, upsert
from app.store.tables import declarations, entities, relations
from app.store.team_counts import touch

CATALOG_VERSION = "catalog"
_WANTED: BindParameter[str] = bindparam("refs", expanding=True)
_AT = entities.c
# Built once: building these costs more than running them.
_DECLARED = select(declarations.c.ref, declarations.c.digest, declarations.c.declared_at).where(
    declarations.c.origin == bindparam("by")
)
_COUNTED = select(_AT.ref, _AT.origin, _AT.digest, _AT.orphaned_at, _AT.owner).where(_AT.ref.in_(_WANTED))
_LIVE = (
    select(declarations)
    .where(declarations.c.ref.in_(_WANTED), declarations.c.live.is_(True))
    .order_by(declarations.c.origin)
)
_POINTING = select(relations.c.source).distinct().where(relations.c.target.in_(_WANTED))
TOLD_BY_CATALOG, FOUND_IN_REPOSITORY, PROVISIONAL = 0, 1, 2


def declare(connection: Connection, origin: str, found: Iterable[Entity], rank: int, now: datetime) -> Difference:
    """Makes what `origin` declares equal to `found`, and settles what counts. Only what differs is written.

    Of two declarations of one reference by the same origin the first is kept; ignored entities are left out.
    """
    desired: dict[str, Row] = {}
    for entity in found:
        if not entity.ignored:
            desired.setdefault(str(entity.ref), _declaration(origin, entity, rank, now))
    stored = {row.ref: row for row in connection.execute(_DECLARED, {"by": origin})}
    added = sorted(desired.keys() - stored.keys())
    changed = sorted(ref for ref in desired.keys() & stored.keys() if desired[ref]["digest"] != stored[ref].digest)
    gone = sorted(stored.keys() - desired.keys())
    if added or changed or gone:
        take_turn(connection, CATALOG_TURN)  # of two who tell of one entity, the second must see the first
    upsert(connection, declarations, [desired[ref] for ref in added])
    upsert(connection, declarations, [{**desired[ref], "declared_at": stored[ref].declared_at} for ref in changed])
    remove(connection, declarations, "ref", gone, declarations.c.origin == origin)
    orphaned, moved = settle(connection, [*added, *changed, *gone], now)
    return Difference(tuple(added), tuple(changed), tuple(sorted(orphaned)), moved)


def orphan_origins(connection: Connection, origins: Sequence[str], now: datetime) -> None:
    """What these origins declare no longer counts, until they come back."""
    _set_live(connection, origins, False, now)


def revive_origins(connection: Connection, origins: Sequence[str], now: datetime) -> None:
    """What these origins declare counts again."""
    _set_live(connection, origins, True, now)


def _set_live(connection: Connection, origins: Sequence[str], live: bool, now: datetime) -> None:
    if origins:
        take_turn(connection, CATALOG_TURN)
    for chunk in chunks(origins):
        concerned = declarations.c.origin.in_(chunk)
        connection.execute(update(declarations).where(concerned).values(live=live))
        settle(connection, list(connection.execute(select(declarations.c.ref).where(concerned)).scalars()), now)


def settle(connection: Connection, refs: Iterable[str], now: datetime) -> tuple[list[str], bool]:
    """Decides anew which declaration counts for each reference. Returns those that became orphans, and whether the
    catalog moved on by it."""
    refs = sorted(set(refs))
    orphaned: list[str] = []
    touched = False
    for chunk in chunks(refs):
        stored = {row.ref: row for row in connection.execute(_COUNTED, {"refs": chunk})}
        winners = _winners(connection, chunk, {ref: row.origin for ref, row in stored.items()})
        lost = [ref for ref, row in stored.items() if ref not in winners and row.orphaned_at is None]
        news = [
            _entity_row(winner)
            for ref, winner in winners.items()
            if ref not in stored or stored[ref].orphaned_at is not None or stored[ref].digest != _mark_of(winner)
        ]
        upsert(connection, entities, news)
        _relate(connection, news, known=stored)
        if lost:
            orphan = {"orphaned_at": now, "generation": entities.c.generation + 1, "judge_lease_until": None}
            connection.execute(update(entities).where(entities.c.ref.in_(lost)).values(**orphan))
        moved = [*lost, *(row["ref"] for row in news)]
        touch(connection, [*(stored[ref].owner for ref in moved if ref in stored), *(row["owner"] for row in news)])
        concerned = {*moved, *pointing_at(connection, moved), *heirs_of(connection, moved)}
        mark(connection, concerned, Why.CODE, now)
        orphaned += lost
        touched = touched or bool(news or lost)
    if touched:
        next_numbers(connection, CATALOG_VERSION)
    return orphaned, touched


def pointing_at(connection: Connection, targets: Iterable[str]) -> set[str]:
    """Entities with a relation to any of `targets`: what they say of it may no longer hold."""
    found: set[str] = set()
    for chunk in chunks(targets):
        found.update(connection.execute(_POINTING, {"refs": chunk}).scalars())
    return found


def _winners(connection: Connection, refs: Sequence[str], counted: Mapping[str, str]) -> dict[str, RowMapping]:
    winners: dict[str, RowMapping] = {}
    for row in connection.execute(_LIVE, {"refs": refs}).mappings():
        best = winners.get(row["ref"])
        if best is None or _order(row, counted) < _order(best, counted):
            winners[row["ref"]] = row
    return winners


def _order(row: RowMapping, counted: Mapping[str, str]) -> tuple[int, bool, datetime]:
    return row["rank"], counted.get(row["ref"]) != row["origin"], row["declared_at"]


def _declaration(origin: str, entity: Entity, rank: int, now: datetime) -> Row:
    body = entity_body(entity)
    rank = PROVISIONAL if entity.provisional else rank
    return {
        "origin": origin,
        "ref": str(entity.ref),
        "rank": rank,
        "declared_at": now,
        "live": True,
        "digest": digest(rank, body),
        "body": body,
    }


def _mark_of(winner: RowMapping) -> str:
    return f"{winner['digest']}:{digest(winner['origin'])[:6]}"


def _entity_row(winner: RowMapping) -> Row:
    body = winner["body"]
    spec = body["document"].get("spec")
    spec = spec if isinstance(spec, dict) else {}
    metadata = body["document"].get("metadata")
    title = metadata.get("title") if isinstance(metadata, dict) else None
    ref = EntityRef.parse(winner["ref"])
    return {
        "ref": winner["ref"],
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
        "title": title if isinstance(title, str) and title else body.get("name", ref.name),
        "type": _word(spec, "type"),
        "lifecycle": _word(spec, "lifecycle"),
        "owner": _target(body, "ownedBy"),
        "system": _target(body, "partOf"),
        "origin": winner["origin"],
        "repository": body.get("repository", ""),
        "path": body.get("path", ""),
        "line": body.get("line", 0),
        "root": body.get("root", ""),
        "provisional": body.get("provisional", False),
        "etag": body.get("etag", ""),
        "digest": _mark_of(winner),
        "body": body,
        "orphaned_at": None,
    }


def _word(spec: Mapping[str, Any], key: str) -> str:
    value = spec.get(key)
    return value if isinstance(value, str) else ""


def _target(body: Mapping[str, Any], relation: str) -> str:
    """The first target of a relation (`partOf` means the system, or for a system its domain)."""
    return next((target for source, type_, target, _ in body.get("relations", ()) if type_ == relation), "")


def _relate(connection: Connection, rows: Sequence[Row], *, known: Container[str]) -> None:
    remove(connection, relations, "source", [row["ref"] for row in rows if row["ref"] in known])
    wanted = {
        (source, type_, target): {"source": source, "type": type_, "target": target, "line": line}
        for row in rows
        for source, type_, target, line in row["body"].get("relations", ())
        if source == row["ref"]
    }
    upsert(connection, relations, list(wanted.values()))
