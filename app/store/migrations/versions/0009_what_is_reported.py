"""Reports of entities by CI and other tools."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "pushed",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("entity", "group", "source", "by", "url", "commit")),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "group", "source"),
    )
    op.create_index("pushed_expires", "pushed", ["expires_at"], unique=False)
    op.create_table(
        "push_keys",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("actor", "key", "digest")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key"),
    )
    op.create_index("push_keys_at", "push_keys", ["at"], unique=False)


def downgrade() -> None:
    op.drop_table("push_keys")
    op.drop_table("pushed")
