"""How old the facts behind each standing are, so that a group's summary need not read its entities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("standings", sa.Column("as_of", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE standings SET as_of = (SELECT results.as_of FROM results"
        " WHERE results.entity = standings.entity AND results.scorecard = standings.scorecard)"
    )
    op.create_index("standings_age", "standings", ["owner", "as_of"])


def downgrade() -> None:
    op.drop_index("standings_age", "standings")
    op.drop_column("standings", "as_of")
