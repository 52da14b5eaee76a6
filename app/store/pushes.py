"""Reports as kept: the newest of each entity, group and source, and the answers given to keyed calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from app.catalog.model import EntityRef
from app.facts.pushed import Pushed
from app.store.codec import pack, unpack
from app.store.due import mark
from app.store.engine import Database
from app.store.model import Why
from app.store.sight import EVERYTHING, Sight
from app.store.sql import upsert
from app.store.tables_pushed import push_keys, pushed


@dataclass(frozen=True, slots=True)
class Keyed:
    """A call that names itself: `key` by its caller `actor`, `digest` of all it asks."""

    actor: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered. `is_other`: the same key was used for another request."""

    body: Mapping[str, Any]
    is_other: bool = False


class Pushes:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def put(
        self,
        ref: EntityRef,
        report: Pushed,
        concerned: set[EntityRef],
        answer: Mapping[str, Any],
        now: datetime,
        keyed: Keyed | None = None,
    ) -> Answer | None:
        """Keeps a report and makes due whom it concerns, in one transaction. None: a newer one of its source is here.

        A keyed call that was answered before is answered the same again, and does nothing.
        """
        with self._database.write(awaited=True) as connection:
            if keyed is not None and (given := _given(connection, keyed)) is not None:
                return given
            held = select(pushed.c.observed_at).where(*_same(ref, report.group, report.source)).with_for_update()
            before = connection.execute(held).scalar()
            if before is not None and before > report.observed_at:
                return None
            upsert(connection, pushed, [_row(ref, report)])
            return _done(connection, concerned, answer, now, keyed)

    def withdraw(
        self,
        ref: EntityRef,
        group: str,
        source: str,
        concerned: set[EntityRef],
        answer: Mapping[str, Any],
        now: datetime,
        keyed: Keyed | None = None,
    ) -> Answer:
        """Takes a report back; none being there is fine."""
        with self._database.write(awaited=True) as connection:
            if keyed is not None and (given := _given(connection, keyed)) is not None:
                return given
            connection.execute(delete(pushed).where(*_same(ref, group, source)))
            return _done(connection, concerned, answer, now, keyed)

    def refs(self) -> frozenset[str]:
        """Entities with any report: few, so a judging asks once."""
        with self._database.read() as connection:
            return frozenset(connection.execute(select(pushed.c.entity).distinct()).scalars())

    def of(self, ref: EntityRef) -> list[Pushed]:
        """An entity's reports, expired ones too, by group and source."""
        meant = (pushed.c.entity == str(ref), *self._sight.of(pushed.c.entity))
        query = select(pushed).where(*meant).order_by(pushed.c.group, pushed.c.source)
        with self._database.read() as connection:
            return [_pushed(row) for row in connection.execute(query).mappings()]

    def expired(self, before: datetime) -> set[tuple[EntityRef, str]]:
        """(entity, group) of reports that expired before an instant."""
        query = select(pushed.c.entity, pushed.c.group).where(pushed.c.expires_at < before)
        with self._database.read() as connection:
            return {(EntityRef.parse(row.entity), row.group) for row in connection.execute(query)}

    def prune(self, before: datetime, concerned: set[EntityRef], now: datetime) -> int:
        """Forgets reports that expired, and keys that were used, before an instant; makes due whom that concerns.
        Returns how many reports."""
        with self._database.write() as connection:
            connection.execute(delete(push_keys).where(push_keys.c.at < before))
            gone = connection.execute(delete(pushed).where(pushed.c.expires_at < before)).rowcount
            if gone:
                mark(connection, {str(one) for one in concerned}, Why.DATA_SOURCE, now)
            return gone


def _given(connection: Connection, keyed: Keyed) -> Answer | None:
    query = select(push_keys).where(push_keys.c.actor == keyed.actor, push_keys.c.key == keyed.key)
    row = connection.execute(query).first()
    return None if row is None else Answer(row.answer, row.digest != keyed.digest)


def _done(
    connection: Connection, concerned: set[EntityRef], answer: Mapping[str, Any], now: datetime, keyed: Keyed | None
) -> Answer:
    due = mark(connection, {str(one) for one in concerned}, Why.DATA_SOURCE, now)
    body = {**answer, "due": due}
    if keyed is not None:
        row = {"actor": keyed.actor, "key": keyed.key, "digest": keyed.digest, "at": now, "answer": body}
        upsert(connection, push_keys, [row])
    return Answer(body)


def _same(ref: EntityRef, group: str, source: str) -> tuple[Any, ...]:
    at = pushed.c
    return at.entity == str(ref), at.group == group, at.source == source


def _row(ref: EntityRef, report: Pushed) -> dict[str, Any]:
    names = ("group", "source", "by", "url", "commit", "observed_at", "expires_at")
    return {"entity": str(ref), **{name: getattr(report, name) for name in names}, "body": pack(dict(report.data))}


def _pushed(row: RowMapping) -> Pushed:
    names = ("group", "source", "by", "url", "commit", "observed_at", "expires_at")
    return Pushed(**{name: row[name] for name in names}, data=unpack(row["body"]))
