"""The table of what each entity was last judged from: as long as that stands, judging it again says nothing new."""

from __future__ import annotations

from sqlalchemy import Column, Table

from app.store.columns import metadata, text
from app.store.types import Instant

judged_from = Table(
    "judged_from",
    metadata,
    text("entity", primary_key=True),
    text("inputs"),  # a fingerprint, see `pipeline.inputs`
    Column("judged_at", Instant, nullable=False),  # when it was evaluated, not when it was last found unchanged
    Column("steady_until", Instant),  # from then on time alone may change something; null: never
)
