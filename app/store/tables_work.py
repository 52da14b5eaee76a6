"""The table of workers that are at work."""

from __future__ import annotations

from sqlalchemy import Column, Table

from app.store.columns import count, metadata, text
from app.store.types import Instant

workers = Table(
    "workers",
    metadata,
    text("owner", primary_key=True),  # as in leases
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    count("running"),  # refreshes at that moment
)
