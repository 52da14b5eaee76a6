"""Who changed what through us: tokens made, sign-ins, refreshes asked for, facts pushed. Never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select

from app.store.engine import Database
from app.store.sql import insert
from app.store.tables_access import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """`action` is `<thing>.<verb>`: `token.create`, `session.begin`, `entity.refresh`, `facts.push`."""

    at: datetime
    actor: str
    action: str
    target: str
    detail: Mapping[str, str] = field(default_factory=dict)


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: AuditRow) -> None:
        values = {**{name: getattr(row, name) for name in AuditRow.__dataclass_fields__}, "detail": dict(row.detail)}
        with self._database.write() as connection:
            insert(connection, audit, [values])

    def latest(self, *, limit: int = 100) -> list[AuditRow]:
        """The newest rows, newest first."""
        columns = [audit.c[name] for name in AuditRow.__dataclass_fields__]
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).order_by(audit.c.id.desc()).limit(limit)).mappings().all()
        return [AuditRow(**row) for row in rows]

    def forget(self, before: datetime) -> int:
        """Removes what is older. Returns how many rows."""
        with self._database.write() as connection:
            return connection.execute(delete(audit).where(audit.c.at < before)).rowcount
