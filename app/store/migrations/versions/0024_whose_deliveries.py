"""The newest deliveries of one source, for which all of that source's were sorted.

Whoever made the index before, without a lock, has it already (docs/operations.md, rule 3).
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_index("inbound_source", "inbound", ["source", "id"], if_not_exists=True)


def downgrade() -> None:
    op.drop_index("inbound_source", "inbound")
