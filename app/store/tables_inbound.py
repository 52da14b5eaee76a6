"""Tables of what forges told us: each believed delivery, and counts of those that were refused."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from app.store.columns import BIG, count, metadata, text
from app.store.types import Instant

inbound = Table(
    "inbound",
    metadata,
    Column("id", BIG, primary_key=True),
    text("source"),
    text("delivery"),
    text("forge"),
    text("event"),
    text("action"),
    text("repository"),  # as we know it, or as the forge names it
    text("branch"),
    text("commit"),  # as the payload says; only shown
    text("state"),  # accepted, ignored, done, failed
    text("reason"),
    Column("received_at", Instant, nullable=False),
    count("tries"),
    Column("hint", Integer),  # the repository's count of hints after this one; null: no refresh was asked
    Column("done_at", Instant),
    text("read_commit"),  # what the refresh found
    count("entities_due"),  # how many entities it made due
    Index("inbound_delivery", "source", "delivery", unique=True),
    Index("inbound_open", "repository", "state"),
    Index("inbound_received", "received_at"),
    Index("inbound_state", "state", "id"),
    Index("inbound_source", "source", "id"),
)

inbound_refused = Table(  # counts, so that a flood of forgeries fills nothing
    "inbound_refused",
    metadata,
    text("source", primary_key=True),
    text("reason", primary_key=True),
    count("count"),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)
