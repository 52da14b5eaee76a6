"""Webhook deliveries, and how many hints a repository's last refresh had seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=primary_key, nullable=False)


def upgrade() -> None:
    op.add_column("repositories", sa.Column("hints_done", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "inbound",
        sa.Column("id", _ID, primary_key=True),
        *(_text(name) for name in ("source", "delivery", "forge", "event", "action", "repository", "branch")),
        *(_text(name) for name in ("commit", "state", "reason")),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("hint", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        _text("read_commit"),
        sa.Column("entities_due", sa.Integer(), nullable=False),
    )
    op.create_index("inbound_delivery", "inbound", ["source", "delivery"], unique=True)
    op.create_index("inbound_open", "inbound", ["repository", "state"])
    op.create_index("inbound_received", "inbound", ["received_at"])
    op.create_table(
        "inbound_refused",
        _text("source", primary_key=True),
        _text("reason", primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("inbound_refused")
    op.drop_table("inbound")
    op.drop_column("repositories", "hints_done")
