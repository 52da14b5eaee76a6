"""An index that gives a scorecard's entities in their order."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("results_order", "results", ["scorecard", "level_rank", "entity"], unique=False)


def downgrade() -> None:
    op.drop_index("results_order", "results")
