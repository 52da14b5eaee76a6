"""Keeps what one snapshot of a repository says, in one transaction, by difference, and makes due whom it concerns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, select

from app.errors import StaleError
from app.store.claims import finish
from app.store.codec import changed_paths, digest, pack_paths, unpack_paths
from app.store.declared import CATALOG_VERSION, FOUND_IN_REPOSITORY, declare
from app.store.due import mark, readers_of
from app.store.engine import Database
from app.store.heirs import heirs_of
from app.store.held import lock, move
from app.store.model import Counts, InventoryRows, ObjectRow, RepositoryClaim, Why
from app.store.parsed import keep
from app.store.sql import CATALOG_TURN, CHUNK, Row, change, chunks, next_numbers, number, remove, take_turn
from app.store.sql import insert as insert_rows
from app.store.tables import object_entities, objects, problems, unreadable
from app.store.types import to_micros

_Stored = tuple[int, set[str], str]
"""An object's id, whose it is, and why."""
_IDS = select(objects.c.id, objects.c.digest).where(objects.c.repository == bindparam("url"))


class Inventories:
    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self, claim: RepositoryClaim, rows: InventoryRows, now: datetime, *, next_due: datetime | None = None
    ) -> Counts:
        """Replaces all that is known of the claimed repository. Raises StaleError when the claim no longer holds.

        Made due: entities declared, changed or gone; those whose objects (or unreadables) changed or changed hands;
        those that read a path that changed here; and `rows.also_due`. With `next_due` the repository is handed back in
        the same transaction, as `Claims.finish` does.
        """
        with self._database.write() as connection:
            before = _paths_before(connection, claim)
            keep(connection, rows.readings, now)
            first = claim.read_at is None  # nothing of it is stored yet: nothing to compare with
            stored = {} if first else _stored_objects(connection, claim.url)
            written, removed, owners, touched = _save_objects(connection, claim.url, rows.objects, stored)
            for table, wanted in ((unreadable, _unreadables(claim.url, rows)), (problems, _problems(claim.url, rows))):
                more, fewer = _replace(
                    connection, table, wanted, [] if first else _stored(connection, table, claim.url)
                )
                written, removed = written + len(more), removed + len(fewer)
                owners.update(row["ref"] for row in (*more, *fewer) if row.get("ref"))
            told = declare(connection, claim.url, rows.entities, FOUND_IN_REPOSITORY, now)
            written += len(told.added) + len(told.changed)
            if not told.moved:  # else there is another version by that already
                _attribute_again_if_moved(connection, rows.catalog_version)
            touched |= changed_paths(before, rows.paths) | rows.changed_paths
            owners |= {str(ref) for ref in rows.also_due}
            if touched or told:
                owners |= readers_of(connection, claim.url, touched)
            owners |= heirs_of(connection, owners)
            due = mark(connection, owners - {*told.added, *told.changed}, Why.CODE, now)
            counts = Counts(written, removed, due + len(told.added) + len(told.changed))
            read = _row_of(rows, now, before)
            if next_due is None:
                move(connection, claim, read)
            else:
                at = rows.branch_resolved_at
                finish(connection, claim, now, next_due, rows.branch, at, commit=rows.tip, due=counts.due, read=read)
        return counts


def _paths_before(connection: Connection, claim: RepositoryClaim) -> dict[str, str]:
    row = lock(connection, claim)
    if row is None:
        raise StaleError(f"saving {claim.url}: another worker has taken it since; what was read is dropped")
    return unpack_paths(row[0])


def _attribute_again_if_moved(connection: Connection, seen: int | None) -> None:
    """Where the catalog moved on since it attributed these objects: says so, by the version that upkeep follows."""
    take_turn(connection, CATALOG_TURN, share=True)
    if seen is not None and number(connection, CATALOG_VERSION) != seen:
        next_numbers(connection, CATALOG_VERSION)


def _row_of(rows: InventoryRows, now: datetime, before: dict[str, str]) -> Row:
    values: Row = {
        "tip": rows.tip,
        "read_version": rows.read_version,
        "branch": rows.branch,
        "read_at": now,
        "skipped": [list(s) for s in rows.skipped],
    }
    if rows.branch_resolved_at is not None:
        values["branch_resolved_at"] = rows.branch_resolved_at
    if changed_paths(before, rows.paths) or not before:
        values["paths"] = pack_paths(rows.paths)
    return values


def _object_digest(row: ObjectRow) -> str:
    changed = None if row.changed_at is None else to_micros(row.changed_at)
    return digest(row.path, row.line, row.kind, row.body, row.ignored, changed, row.changed_exact)


def _save_objects(
    connection: Connection, url: str, found: Sequence[ObjectRow], stored: Mapping[str, list[_Stored]]
) -> tuple[int, int, set[str], set[str]]:
    """Returns rows written, rows removed, references concerned, and paths touched."""
    fresh: list[tuple[ObjectRow, str]] = []
    kept: set[int] = set()
    handed: list[tuple[int, ObjectRow, set[str], bool]] = []
    for row in found:
        mark_ = _object_digest(row)
        same = stored.get(mark_)
        if not same:
            fresh.append((row, mark_))
            continue
        id_, refs, why = same.pop()
        kept.add(id_)
        if refs != {str(ref) for ref in row.refs} or why != row.why:
            handed.append((id_, row, refs, refs != {str(ref) for ref in row.refs}))
    gone = [item for items in stored.values() for item in items]
    remove(connection, objects, "id", (id_ for id_, _, _ in gone))
    _insert_objects(connection, url, fresh, kept)
    give(connection, [(id_, row.refs, row.why) for id_, row, _, _ in handed])
    owners = {ref for _, refs, _ in gone for ref in refs}
    owners.update(str(ref) for row, _ in fresh for ref in row.refs)
    for _, row, refs, moved in handed:
        owners |= {*refs, *(str(ref) for ref in row.refs)} if moved else set()
    return len(fresh) + len(handed), len(gone), owners, {row.path for row, _ in fresh}


def _stored_objects(connection: Connection, url: str) -> dict[str, list[_Stored]]:
    refs: dict[int, set[str]] = defaultdict(set)
    join = object_entities.join(objects, objects.c.id == object_entities.c.object_id)
    owned = select(object_entities.c.object_id, object_entities.c.ref).select_from(join)
    for object_id, ref in connection.execute(owned.where(objects.c.repository == url)):
        refs[object_id].add(ref)
    found: dict[str, list[_Stored]] = defaultdict(list)
    query = select(objects.c.id, objects.c.digest, objects.c.why).where(objects.c.repository == url)
    for row in connection.execute(query.order_by(objects.c.id.desc())):
        found[row.digest].append((row.id, refs.get(row.id, set()), row.why))
    return found


def _insert_objects(
    connection: Connection, url: str, fresh: Sequence[tuple[ObjectRow, str]], kept: Container[int]
) -> None:
    """Adds objects beside those `kept`. Their ids are asked for afterwards, by digest: equal ones are exchangeable."""
    if not fresh:
        return
    for chunk in chunks(fresh):
        insert_rows(connection, objects, [_object_row(url, row, mark_) for row, mark_ in chunk])
    ids: dict[str, list[int]] = defaultdict(list)
    for id_, mark_ in connection.execute(_IDS, {"url": url}):
        if id_ not in kept:
            ids[mark_].append(id_)
    given = ((ids[mark_].pop(), row) for row, mark_ in fresh)
    owners = [{"object_id": id_, "ref": ref} for id_, row in given for ref in sorted({str(ref) for ref in row.refs})]
    insert_rows(connection, object_entities, owners)


def _object_row(url: str, row: ObjectRow, mark_: str) -> Row:
    return {
        "repository": url,
        "path": row.path,
        "line": row.line,
        "kind": row.kind,
        "digest": mark_,
        "body": row.body,
        "ignored": row.ignored,
        "changed_at": row.changed_at,
        "changed_exact": row.changed_exact,
        "attributed": bool(row.refs),
        "why": row.why,
    }


def give(connection: Connection, handed: Iterable[tuple[int, Iterable[object], str]]) -> None:
    """Attributes objects anew: (id, references, why)."""
    rows = [(id_, sorted({str(ref) for ref in refs}), why) for id_, refs, why in handed]
    remove(connection, object_entities, "object_id", (id_ for id_, _, _ in rows))
    insert_rows(connection, object_entities, [{"object_id": id_, "ref": ref} for id_, refs, _ in rows for ref in refs])
    change(connection, objects, "id", [{"id": id_, "attributed": bool(refs), "why": why} for id_, refs, why in rows])


def _unreadables(url: str, rows: InventoryRows) -> list[Row]:
    return [
        {
            "repository": url,
            "path": row.path,
            "line": row.line,
            "group": row.group,
            "reason": row.reason,
            "ignored": row.ignored,
            "ref": ref,
        }
        for row in rows.unreadable
        for ref in (sorted({str(ref) for ref in row.refs}) or [""])
    ]


def _problems(url: str, rows: InventoryRows) -> list[Row]:
    return [
        {
            "repository": url,
            "path": row.problem.path,
            "line": row.problem.line,
            "code": row.problem.code,
            "message": row.problem.message,
            "entity": row.entity,
        }
        for row in rows.problems
    ]


def _stored(connection: Connection, table: Table, url: str) -> list[Row]:
    return [dict(row) for row in connection.execute(select(table).where(table.c.repository == url)).mappings()]


def _replace(
    connection: Connection, table: Table, wanted: Sequence[Row], stored: Sequence[Row]
) -> tuple[list[Row], list[Row]]:
    """Makes a table's `stored` rows equal to `wanted`, as a bag. Returns the rows added and those removed."""
    needed = Counter(tuple(row.values()) for row in wanted)
    gone: list[Row] = []
    for row in stored:
        key = tuple(row[name] for name in row if name != "id")
        if needed[key] > 0:
            needed[key] -= 1
        else:
            gone.append(row)
    names = [column.name for column in table.c if column.name != "id"]
    added = [dict(zip(names, key, strict=True)) for key, count in needed.items() for _ in range(count)]
    remove(connection, table, "id", (row["id"] for row in gone))
    for chunk in chunks(added, CHUNK):
        insert_rows(connection, table, chunk)
    return added, gone
