"""How a repository is fetched, where that is not by its name: over ssh."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for table in ("repositories", "listings"):
        op.add_column(table, sa.Column("remote", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    for table in ("repositories", "listings"):
        op.drop_column(table, "remote")
