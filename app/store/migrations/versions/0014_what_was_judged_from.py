"""What each entity was last judged from: as long as that stands, judging it again says nothing new."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "judged_from",
        sa.Column("entity", sa.Text(), primary_key=True),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        sa.Column("steady_until", sa.BigInteger(), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("judged_from")
