"""Workers that are at work, and how often in a row a repository ended the one that read it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "workers",
        sa.Column("owner", sa.Text(), primary_key=True, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("workers")
    op.drop_column("repositories", "deaths")
