"""Counts for pages, trends, feedback on guidance, and the indexes that lists are walked by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEXES = (
    ("tallies_kind", "tallies", ["scorecard", "kind", "owner", "name", "outcome", "count"]),
    ("distances_owner", "distances", ["owner", "scorecard", "failing", "effort_seconds"]),
    ("distances_near", "distances", ["scorecard", "check", "effort_seconds", "entity"]),
    ("feedback_at", "feedback", ["at"]),
    ("changes_told", "changes", ["what", "scorecard", "at"]),
    ("repositories_health", "repositories", ["orphaned_at", "failures", "checked_at"]),
)


def upgrade() -> None:
    op.create_table(
        "touched",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tallies",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("owner", "scorecard", "kind", "name", "outcome")),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "scorecard", "kind", "name", "outcome"),
    )
    op.create_table(
        "distances",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("entity", "scorecard", "owner", "next_level")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("failing", "unseen", "effort_seconds")),
        sa.Column("check", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "scorecard"),
    )
    op.create_table(
        "trends",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("owner", "scorecard", "day", "body")),
        sa.PrimaryKeyConstraint("owner", "scorecard", "day"),
    )
    op.create_table(
        "feedback",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("check", "entity", "author")),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("check", "entity", "author"),
    )
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns, unique=False)
    op.execute("INSERT INTO touched (owner) SELECT DISTINCT owner FROM entities")


def downgrade() -> None:
    op.drop_index("repositories_health", "repositories")
    op.drop_index("changes_told", "changes")
    for name in ("feedback", "trends", "distances", "tallies", "touched"):
        op.drop_table(name)
