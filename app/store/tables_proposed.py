"""The table of fix pull requests: one row an entity, with what was asked for and what became of it."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from app.store.columns import count, metadata, text
from app.store.types import Instant, Json

fix_requests = Table(
    "fix_requests",
    metadata,
    text("entity", primary_key=True),
    text("repository"),
    text("forge"),
    text("path"),  # group/name, as the forge's API names the repository
    text("branch"),
    text("base"),
    count("number"),
    text("url"),
    text("state"),  # open, taken over, closed, merged, dismissed, lost
    text("reason"),  # why it stands as it does
    Column("checks", Json, nullable=False),  # asked for; never more are mended
    Column("answers", Json, nullable=False),
    Column("mends", Json, nullable=False),  # of these, what the request mends now
    text("commit"),  # what its diff was made for
    text("digest"),  # of the diff that the forge was told
    text("asked_by"),
    Column("asked_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),  # when the forge was last told something new
    Column("seen_at", Instant),  # when its entity was judged as it was last looked at
    Column("due_at", Instant),  # when to look though nothing was judged anew; null: its story has ended
    Column("lease_until", Instant),
    count("generation"),  # grows with every asking and every claim: the fence of what is kept
    count("tries"),
    text("error"),
    Index("fix_requests_due", "due_at"),
)
