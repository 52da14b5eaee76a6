"""What readers made of a blob, so that a push re-reads only what changed. The cache that `facts.inventory` asks."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Connection, bindparam, delete, select, update

from app.store.engine import Database
from app.store.model import Reading
from app.store.sql import chunks, upsert
from app.store.tables import parsed
from app.store.types import Instant

_TOUCH_AFTER = timedelta(days=1)
_AT = parsed.c
_BLOBS: BindParameter[str] = bindparam("blobs", expanding=True)
# Built once: each refresh asks, and building these costs more than running them.
_KNOWN = select(_AT.blob, _AT.kind, _AT.version, _AT.body, _AT.used_at).where(_AT.blob.in_(_BLOBS))
_USED = update(parsed).where(_AT.blob.in_(_BLOBS)).values(used_at=bindparam("now", type_=Instant))


class ParsedCache:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get_many(self, wanted: Iterable[Reading], now: datetime | None = None) -> dict[Reading, bytes]:
        """What is known of these; unknown ones are absent.

        Use is noted at most once a day, so that a warm read writes nothing, and not at all without `now`.
        """
        asked = set(wanted)
        found: dict[Reading, bytes] = {}
        stale: list[str] = []
        with self._database.read() as connection:
            for chunk in chunks(sorted({reading.blob for reading in asked})):
                for row in connection.execute(_KNOWN, {"blobs": chunk}):
                    reading = Reading(row.blob, row.kind, row.version)
                    if reading in asked:
                        found[reading] = zlib.decompress(row.body)
                        if now is not None and row.used_at < now - _TOUCH_AFTER:
                            stale.append(row.blob)
        if stale:
            with self._database.write() as connection:
                for chunk in chunks(sorted(set(stale))):
                    connection.execute(_USED, {"blobs": chunk, "now": now})
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
