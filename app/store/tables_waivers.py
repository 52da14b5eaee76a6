"""The table of waivers that were granted over the API. Those of policy's file are policy's."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from app.store.columns import BIG, metadata, text
from app.store.types import Instant

waivers = Table(  # nothing is ever removed: who agreed to what, and until when, stays on record
    "waivers",
    metadata,
    Column("id", BIG, primary_key=True),
    text("entity"),
    text("check"),
    text("reason"),
    text("granted_by"),
    Column("granted_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("ended_at", Instant),  # before its time
    text("ended_by"),
    text("end_reason"),
    Index("waivers_entity", "entity", "until"),
)
