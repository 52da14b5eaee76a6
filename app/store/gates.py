"""Proposed changes waiting to be judged: one row a change, so that ten pushes to it are one judging of the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, Table, delete, select, update

from app.store.columns import count, metadata, text
from app.store.engine import Database
from app.store.sight import EVERYTHING, Sight
from app.store.sql import upsert
from app.store.types import Instant, Json

gates = Table(
    "gates",
    metadata,
    text("repository", primary_key=True),
    text("ref", primary_key=True),  # refs/pull/7/head
    text("forge"),
    text("path"),  # group/name, as the forge's API names the repository
    count("number"),
    text("head"),  # as the webhook says; what is judged is what is fetched
    text("branch"),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant),  # null: nothing to do
    Column("lease_until", Instant),
    count("generation"),  # grows with every push and claim: the fence of what is kept
    count("tries"),
    text("error"),
    Column("judged_at", Instant),
    Column("verdict", Json, nullable=False, default=dict),
    Index("gates_due", "due_at"),
)
_G = gates.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A change to judge, or judged. `verdict`: `{title, worse, better, unseen, head}` of the last judging.

    `due_at`: when it is (again) to be judged and told; None: it was, or was given up for `error`.
    """

    repository: str
    ref: str
    forge: str
    path: str
    number: int
    head: str
    branch: str
    generation: int = 0
    tries: int = 0
    error: str = ""
    due_at: datetime | None = None
    judged_at: datetime | None = None
    verdict: Mapping[str, Any]


class Gates:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def ask(self, gate: Gate, now: datetime) -> None:
        """A change was made or pushed to: judge it (again), at once."""
        with self._database.write(awaited=True) as connection:
            known = (_G.repository == gate.repository, _G.ref == gate.ref)
            generation = connection.execute(select(_G.generation).where(*known)).scalar() or 0
            names = ("repository", "ref", "forge", "path", "number", "head", "branch")
            row = {name: getattr(gate, name) for name in names}
            fresh = {"asked_at": now, "due_at": now, "lease_until": None, "tries": 0, "error": ""}
            upsert(connection, gates, [{**row, **fresh, "generation": generation + 1, "verdict": {}}])

    def claim(self, now: datetime, lease: timedelta, *, limit: int = 2) -> list[Gate]:
        """Takes changes that are due; each claim can be kept once, and not when the change moved on."""
        free = _G.lease_until.is_(None) | (_G.lease_until <= now)
        due = select(_G.repository, _G.ref).where(_G.due_at <= now, free).order_by(_G.due_at).limit(limit)
        with self._database.read() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        taken = {"lease_until": now + lease, "generation": _G.generation + 1, "tries": _G.tries + 1}
        with self._database.write() as connection:
            found = []
            for row in connection.execute(due.with_for_update(skip_locked=True)).all():
                one = (_G.repository == row.repository, _G.ref == row.ref)
                connection.execute(update(gates).where(*one).values(**taken))
                found.append(_gate(connection.execute(select(gates).where(*one)).mappings().one()))
            return found

    def done(self, gate: Gate, verdict: Mapping[str, Any], now: datetime) -> bool:
        """Keeps a judging that was told. False: the change moved on meanwhile, and is due again."""
        return self._end(gate, due_at=None, error="", judged_at=now, verdict=dict(verdict))

    def failed(self, gate: Gate, error: str, next_due: datetime | None) -> bool:
        """Keeps why it could not be judged or told; `next_due` None gives up."""
        return self._end(gate, due_at=next_due, error=error)

    def latest(self, *, limit: int = 50) -> list[Gate]:
        """The changes asked for last, newest first."""
        seen = self._sight.in_repository(_G.repository)
        query = select(gates).where(*seen).order_by(_G.asked_at.desc(), _G.ref.desc()).limit(limit)
        with self._database.read() as connection:
            return [_gate(row) for row in connection.execute(query).mappings()]

    def prune(self, before: datetime) -> int:
        with self._database.write() as connection:
            return connection.execute(delete(gates).where(_G.asked_at < before)).rowcount

    def _end(self, gate: Gate, **values: Any) -> bool:
        held = (_G.repository == gate.repository, _G.ref == gate.ref, _G.generation == gate.generation)
        with self._database.write() as connection:
            ended = update(gates).where(*held).values(lease_until=None, **values)
            return connection.execute(ended).rowcount == 1


def _gate(row: Any) -> Gate:
    return Gate(**{name: row[name] for name in Gate.__dataclass_fields__})
