"""Fix pull requests: what was asked for, so that they are kept as asked and closed when moot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    texts = ("repository", "forge", "path", "branch", "base", "url", "state", "reason", "commit", "digest", "asked_by")
    op.create_table(
        "fix_requests",
        sa.Column("entity", sa.Text(), primary_key=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*texts, "error")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("checks", "answers", "mends")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("number", "generation", "tries")),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
    )
    op.create_index("fix_requests_due", "fix_requests", ["due_at"])


def downgrade() -> None:
    op.drop_table("fix_requests")
