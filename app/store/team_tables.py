"""The tables that pages of teams and of the organisation read: made beforehand, so that no page counts entities.

All but `feedback` can be made again from `entities`, `results` and `outcomes`; `pipeline/tally.py` keeps them.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Table

from app.store.columns import BIG, count, flag, metadata, text
from app.store.types import Instant, Json

touched = Table(  # owners whose counts are no longer right; only ever appended to and deleted by id, so nobody waits
    "touched",
    metadata,
    Column("id", BIG, primary_key=True),
    text("owner"),
    sqlite_autoincrement=True,  # an id that was counted is never given again
)

standings = Table(  # one thin line an entity and scorecard: what lists are walked by, without the wide rows
    "standings",
    metadata,
    text("entity", primary_key=True),
    text("scorecard", primary_key=True),
    text("owner"),
    text("title"),
    text("search"),  # name and title in lower case
    text("kind"),
    text("type"),
    text("lifecycle"),
    text("tier"),
    text("system"),
    flag("provisional"),
    text("level"),
    count("level_rank"),
    text("target_level"),
    text("held"),  # whether it meets its target: on, below, or "" where there is none
    Column("score", Float),
    Column("coverage", Float),
    text("next_level"),  # "" at the top
    count("failing"),  # checks between it and its next level
    count("unseen"),
    count("effort_seconds"),  # of what is failing
    text("check"),  # the one that stands between, where it is one
    Column("as_of", Instant),
    Index("standings_owner", "owner", "scorecard", "level_rank", "search", "entity"),
    Index("standings_level", "scorecard", "level_rank", "search", "entity"),
    Index("standings_name", "scorecard", "search", "entity"),
    Index("standings_age", "owner", "as_of"),
    Index("standings_near", "scorecard", "check", "effort_seconds", "entity"),
)


def _counts(name: str) -> Table:
    keys = ("owner", "scorecard", "kind", "name", "outcome")
    return Table(name, metadata, *(text(key, primary_key=True) for key in keys), count("count"))


tallies = _counts("tallies")  # how many of an owner's own entities stand where
sums = _counts("sums")  # the same for a group with all groups below it, and for everyone

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
