"""An index that answers which types of entities there are."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index("entities_types", "entities", ["kind", "orphaned_at", "type"], unique=False)


def downgrade() -> None:
    op.drop_index("entities_types", "entities")
