"""Deliveries by how they stand and entities by name, which were walked whole where a database keeps no statistics.

Whoever made them before, without a lock, has them already (docs/operations.md, rule 3).
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_index("inbound_state", "inbound", ["state", "id"], if_not_exists=True)
    op.create_index("entities_name", "entities", ["name"], if_not_exists=True)


def downgrade() -> None:
    op.drop_index("entities_name", "entities")
    op.drop_index("inbound_state", "inbound")
