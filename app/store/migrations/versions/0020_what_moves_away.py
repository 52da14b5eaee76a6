"""Repositories by the forge's own id, and which listings only stand in until the new name has been read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("listings", sa.Column("leaving", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("repositories_forge_id", "repositories", ["forge_id"])


def downgrade() -> None:
    op.drop_index("repositories_forge_id", "repositories")
    op.drop_column("listings", "leaving")
