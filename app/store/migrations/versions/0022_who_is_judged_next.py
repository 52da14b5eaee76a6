"""Whom to judge next is found by an index, however many are due: a policy makes all due, at one moment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
_PUSHED = sa.text("(why_due & 1) <> 0")


def upgrade() -> None:
    op.drop_index("entities_judge_due", "entities")
    op.create_index("entities_judge_due", "entities", ["judge_due_at", "ref"])
    columns = ["judge_due_at", "ref"]
    op.create_index("entities_judge_pushed", "entities", columns, sqlite_where=_PUSHED, postgresql_where=_PUSHED)


def downgrade() -> None:
    op.drop_index("entities_judge_pushed", "entities")
    op.drop_index("entities_judge_due", "entities")
    op.create_index("entities_judge_due", "entities", ["judge_due_at"])
