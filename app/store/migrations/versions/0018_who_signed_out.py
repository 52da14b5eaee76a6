"""Sessions of pages that were ended before their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "ended_sessions",
        sa.Column("digest", sa.Text(), primary_key=True, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ended_sessions_until", "ended_sessions", ["until"])


def downgrade() -> None:
    op.drop_table("ended_sessions")
