"""Turns keep what becomes known of them after they were recorded, in the order in which it does."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("turns", sa.Column("judged", sa.Boolean(), nullable=False, server_default="0"))
    op.create_table(
        "amendments",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("turn_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("behind", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_amendments")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_amendments_behind"), "amendments", ["behind"])


def downgrade() -> None:
    op.drop_index(op.f("ix_amendments_behind"), table_name="amendments")
    op.drop_table("amendments")
    op.drop_column("turns", "judged")
