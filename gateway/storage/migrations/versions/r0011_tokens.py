"""Turns keep the kinds of their tokens, and who counted them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KINDS = ("cached_tokens", "cache_write_tokens", "reasoning_tokens")


def upgrade() -> None:
    for name in KINDS:
        op.add_column("turns", sa.Column(name, sa.BigInteger()))
    op.add_column("turns", sa.Column("usage_source", sa.String(12)))
    op.execute("UPDATE turns SET usage_source = 'upstream' WHERE prompt_tokens IS NOT NULL")


def downgrade() -> None:
    op.drop_column("turns", "usage_source")
    for name in reversed(KINDS):
        op.drop_column("turns", name)
