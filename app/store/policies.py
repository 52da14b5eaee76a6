"""The last good policy: a service that restarts onto a broken one goes on with this."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from app.store.engine import Database
from app.store.sql import upsert
from app.store.tables import policies

_KEPT = 10


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    version: str
    body: bytes
    loaded_at: datetime


class Policies:
    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, version: str, body: bytes, now: datetime) -> bool:
        """Keeps a good policy as the last one. False, and nothing written, when it is the last already."""
        with self._database.write() as connection:
            newest = select(policies.c.version).order_by(policies.c.loaded_at.desc(), policies.c.version).limit(_KEPT)
            kept = list(connection.execute(newest).scalars())
            if kept[:1] == [version]:
                return False
            upsert(connection, policies, [{"version": version, "body": zlib.compress(body), "loaded_at": now}])
            connection.execute(delete(policies).where(policies.c.version.not_in([version, *kept[: _KEPT - 1]])))
        return True

    def last(self) -> StoredPolicy | None:
        """The last good policy, or None on a first start."""
        query = select(policies).order_by(policies.c.loaded_at.desc(), policies.c.version).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else StoredPolicy(row.version, zlib.decompress(row.body), row.loaded_at)
