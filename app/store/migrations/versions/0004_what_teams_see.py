"""Counts and lines for pages, trends, feedback on guidance, and the indexes that changes are walked by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LEVELS_ONLY = sa.text("what = 'level'")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "touched",
        sa.Column("id", _ID, nullable=False),
        *_texts("owner"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "standings",
        *_texts("entity", "scorecard", "owner", "title", "search", "kind", "type", "lifecycle", "tier", "system"),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        *_texts("level"),
        *_numbers("level_rank"),
        *_texts("target_level", "held"),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=True),
        *_texts("next_level"),
        *_numbers("failing", "unseen", "effort_seconds"),
        *_texts("check"),
        sa.PrimaryKeyConstraint("entity", "scorecard"),
    )
    op.create_index("standings_owner", "standings", ["owner", "scorecard", "level_rank", "search", "entity"])
    op.create_index("standings_level", "standings", ["scorecard", "level_rank", "search", "entity"])
    op.create_index("standings_name", "standings", ["scorecard", "search", "entity"])
    op.create_index("standings_near", "standings", ["scorecard", "check", "effort_seconds", "entity"])
    for table in ("tallies", "sums"):
        op.create_table(
            table,
            *_texts("owner", "scorecard", "kind", "name", "outcome"),
            *_numbers("count"),
            sa.PrimaryKeyConstraint("owner", "scorecard", "kind", "name", "outcome"),
        )
    op.create_table(
        "trends",
        *_texts("owner", "scorecard", "day", "body"),
        sa.PrimaryKeyConstraint("owner", "scorecard", "day"),
    )
    op.create_table(
        "feedback",
        *_texts("check", "entity", "author"),
        sa.Column("helped", sa.Boolean(), nullable=False),
        *_texts("note"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_texts("policy_version"),
        sa.PrimaryKeyConstraint("check", "entity", "author"),
    )
    op.create_index("feedback_at", "feedback", ["at"])
    columns = ["scorecard", "at", "reason", "entity", "before", "after"]
    op.create_index("changes_levels", "changes", columns, sqlite_where=_LEVELS_ONLY, postgresql_where=_LEVELS_ONLY)
    op.create_index("repositories_health", "repositories", ["orphaned_at", "failures", "checked_at"])
    op.execute("INSERT INTO touched (owner) SELECT DISTINCT owner FROM entities")


def downgrade() -> None:
    op.drop_index("repositories_health", "repositories")
    op.drop_index("changes_levels", "changes")
    for name in ("feedback", "trends", "sums", "tallies", "standings", "touched"):
        op.drop_table(name)
