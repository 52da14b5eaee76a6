"""The tables that pages of teams and of the organisation read: counted beforehand, so that no page counts entities.

All but `feedback` can be made again from `results` and `outcomes`; `pipeline/tally.py` keeps them.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Table

from app.store.columns import BIG, count, metadata, text
from app.store.types import Instant, Json

touched = Table(  # owners whose counts are no longer right; only ever appended to and deleted by id, so nobody waits
    "touched",
    metadata,
    Column("id", BIG, primary_key=True),
    text("owner"),
    sqlite_autoincrement=True,  # an id that was counted is never given again
)

tallies = Table(  # how many of an owner's own entities stand where; `kind` says what `name` and `outcome` are
    "tallies",
    metadata,
    text("owner", primary_key=True),
    text("scorecard", primary_key=True),
    text("kind", primary_key=True),
    text("name", primary_key=True),
    text("outcome", primary_key=True),
    count("count"),
    Index("tallies_kind", "scorecard", "kind", "owner", "name", "outcome", "count"),
)

distances = Table(  # how far each entity is from its next level
    "distances",
    metadata,
    text("entity", primary_key=True),
    text("scorecard", primary_key=True),
    text("owner"),
    text("next_level"),
    count("failing"),
    count("unseen"),
    count("effort_seconds"),
    text("check"),  # the one that stands between, where it is one
    Index("distances_owner", "owner", "scorecard", "failing", "effort_seconds"),
    Index("distances_near", "scorecard", "check", "effort_seconds", "entity"),
)

trends = Table(  # a group with all below it, day by day; a day on which nothing was counted has no row
    "trends",
    metadata,
    text("owner", primary_key=True),
    text("scorecard", primary_key=True),
    text("day", primary_key=True),  # ISO 8601, UTC
    Column("body", Json, nullable=False),
)

feedback = Table(  # whether a check's guidance helped; one voice a person, entity and check
    "feedback",
    metadata,
    text("check", primary_key=True),
    text("entity", primary_key=True),
    text("author", primary_key=True),  # "" where nobody signs in
    Column("helped", Boolean, nullable=False),
    text("note"),
    Column("at", Instant, nullable=False),
    text("policy_version"),
    Index("feedback_at", "at"),
)
