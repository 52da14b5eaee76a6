"""What readers made of a blob, so that a push re-reads only what changed. The cache that `facts.inventory` asks."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, update

from app.store.engine import Database
from app.store.sql import chunks, upsert
from app.store.tables import parsed

_TOUCH_AFTER = timedelta(days=1)
Key = tuple[str, str]
"""(blob id, kind): the same blob means different things under different base names."""


class ParsedCache:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get_many(self, keys: Iterable[Key], version: str, now: datetime) -> dict[Key, bytes]:
        """What is known of these blobs at this reader version; unknown ones are absent.

        Use is noted at most once a day, so that a warm read writes nothing.
        """
        wanted = set(keys)
        found: dict[Key, bytes] = {}
        stale: list[str] = []
        with self._database.read() as connection:
            for chunk in chunks(sorted({blob for blob, _ in wanted})):
                query = parsed.select().where(parsed.c.blob.in_(chunk), parsed.c.version == version)
                for row in connection.execute(query):
                    if (row.blob, row.kind) in wanted:
                        found[row.blob, row.kind] = zlib.decompress(row.body)
                        if row.used_at < now - _TOUCH_AFTER:
                            stale.append(row.blob)
        if stale:
            with self._database.write() as connection:
                _touch(connection, stale, version, now)
        return found

    def put_many(self, bodies: Mapping[Key, bytes], version: str, now: datetime) -> None:
        """Keeps what readers made of blobs."""
        rows = [
            {"blob": blob, "kind": kind, "version": version, "body": zlib.compress(body, 3), "used_at": now}
            for (blob, kind), body in sorted(bodies.items())
        ]
        if rows:
            with self._database.write() as connection:
                for chunk in chunks(rows):
                    upsert(connection, parsed, chunk)

    def prune(self, unused_since: datetime) -> int:
        """Forgets what nobody asked for since then, old reader versions with it. Returns how many rows."""
        with self._database.write() as connection:
            return connection.execute(delete(parsed).where(parsed.c.used_at < unused_since)).rowcount


def _touch(connection: Connection, blobs: Iterable[str], version: str, now: datetime) -> None:
    for chunk in chunks(blobs):
        used = update(parsed).where(parsed.c.blob.in_(chunk), parsed.c.version == version)
        connection.execute(used.values(used_at=now))
