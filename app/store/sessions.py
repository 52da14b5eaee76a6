"""Sessions of pages that were ended before their time: a signed cookie holds by itself until then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from app.store.engine import Database
from app.store.sql import upsert
from app.store.tables_access import ended_sessions

_AT = ended_sessions.c


class EndedSessions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def end(self, digest: str, until: datetime, now: datetime) -> None:
        """Remembers a session as ended until it ends by itself; forgets those that have."""
        with self._database.write() as connection:
            connection.execute(delete(ended_sessions).where(_AT.until <= now))
            upsert(connection, ended_sessions, [{"digest": digest, "until": until}])

    def is_ended(self, digest: str) -> bool:
        with self._database.read() as connection:
            return connection.execute(select(_AT.digest).where(_AT.digest == digest)).first() is not None
