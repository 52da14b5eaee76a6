"""What serves most entities of a group is counted with the rest: so every owner is to be counted once more."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("INSERT INTO touched (owner) SELECT DISTINCT owner FROM entities")


def downgrade() -> None:
    op.execute("DELETE FROM tallies WHERE scorecard = ''")
    op.execute("DELETE FROM sums WHERE scorecard = ''")
