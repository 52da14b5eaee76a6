"""Deliveries by how they stand and entities by name, which were walked whole where a database keeps no statistics."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_index("inbound_state", "inbound", ["state", "id"])
    op.create_index("entities_name", "entities", ["name"])


def downgrade() -> None:
    op.drop_index("entities_name", "entities")
    op.drop_index("inbound_state", "inbound")
