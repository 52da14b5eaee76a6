"""Tables of reports: what CI and other tools told of entities, and the keys that make a repeated call harmless."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

from app.store.columns import metadata, text
from app.store.types import Instant, Json

pushed = Table(
    "pushed",
    metadata,
    text("entity", primary_key=True),
    text("group", primary_key=True),
    text("source", primary_key=True),
    text("by"),
    text("url"),
    text("commit"),
    Column("observed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),  # zlib JSON
    Index("pushed_expires", "expires_at"),
)

push_keys = Table(
    "push_keys",
    metadata,
    text("actor", primary_key=True),
    text("key", primary_key=True),
    text("digest"),  # of the request
    Column("at", Instant, nullable=False),
    Column("answer", Json, nullable=False),
    Index("push_keys_at", "at"),
)
