"""Which version of the readers read a repository's tip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("read_version", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("repositories", "read_version")
