"""Tables of what we tell the world: one row a message, and one row each attempt to deliver it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from app.store.columns import BIG, count, metadata, text
from app.store.types import Instant, Json

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BIG, primary_key=True),
    text("target"),
    text("owner"),  # whose entities it is about; "" for those without one
    text("state"),  # waiting, sent, moot, dead
    text("reason"),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),  # when it is sent, or tried again; moved forward by a claim
    Column("first_try_at", Instant),
    Column("ended_at", Instant),
    count("tries"),
    count("generation"),  # grows with every claim: the fence of what is kept of an attempt
    Column("body", Json, nullable=False),  # the changes it tells, in order
    Index("deliveries_due", "state", "next_at"),
    Index("deliveries_open", "target", "owner", "state"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("delivery", BIG, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("status", Integer),  # of HTTP; null: no answer
    text("error"),
    count("milliseconds"),
    Index("attempts_delivery", "delivery"),
)
