"""What readers made of a blob, so that a push re-reads only what changed. The cache that `facts.inventory` asks."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from app.store.engine import Database
from app.store.model import Reading
from app.store.sql import chunks, upsert
from app.store.tables import parsed

_TOUCH_AFTER = timedelta(days=1)


class ParsedCache:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get_many(self, wanted: Iterable[Reading], now: datetime) -> dict[Reading, bytes]:
        """What is known of these; unknown ones are absent.

        Use is noted at most once a day, so that a warm read writes nothing.
        """
        asked = set(wanted)
        found: dict[Reading, bytes] = {}
        stale: list[str] = []
        at = parsed.c
        with self._database.read() as connection:
            for chunk in chunks(sorted({reading.blob for reading in asked})):
                query = select(at.blob, at.kind, at.version, at.body, at.used_at).where(at.blob.in_(chunk))
                for row in connection.execute(query):
                    reading = Reading(row.blob, row.kind, row.version)
                    if reading in asked:
                        found[reading] = zlib.decompress(row.body)
                        if row.used_at < now - _TOUCH_AFTER:
                            stale.append(row.blob)
        if stale:
            with self._database.write() as connection:
                for chunk in chunks(sorted(set(stale))):
                    connection.execute(update(parsed).where(at.blob.in_(chunk)).values(used_at=now))
        return found

    def prune(self, unused_since: datetime) -> int:
        """Forgets what nobody asked for since then, old reader versions with it. Returns how many rows."""
        with self._database.write() as connection:
            return connection.execute(delete(parsed).where(parsed.c.used_at < unused_since)).rowcount


def packed(body: bytes) -> bytes:
    """A reading as it is kept; made before the transaction that keeps it."""
    return zlib.compress(body, 1)


def keep(connection: Connection, readings: Mapping[Reading, bytes], now: datetime) -> None:
    """Remembers packed readings, within a transaction."""
    for chunk in chunks(sorted(readings.items())):
        rows = [{**reading._asdict(), "body": body, "used_at": now} for reading, body in chunk]
        upsert(connection, parsed, rows)
