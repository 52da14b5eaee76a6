"""Tables of who may ask: bearer tokens (digests only), sessions that ended, and an audit of what was changed."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from app.store.columns import BIG, metadata, text
from app.store.types import Instant, Json

tokens = Table(
    "tokens",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("digest"),  # SHA-256 of the whole token
    Column("scopes", Json, nullable=False, default=list),
    Column("groups", Json, nullable=False, default=list),  # it sees only what these own; empty: everything
    Column("created_at", Instant, nullable=False),
    text("created_by"),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),  # to the hour
    Index("tokens_name", "name"),
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    text("digest", primary_key=True),  # SHA-256 of the cookie
    Column("until", Instant, nullable=False),  # when it would have ended by itself
    Index("ended_sessions_until", "until"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("at", Instant, nullable=False),
    text("actor"),
    text("action"),
    text("target"),
    Column("detail", Json, nullable=False, default=dict),
    Index("audit_at", "at"),
)
