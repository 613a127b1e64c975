"""Turns say whether their score was found after the answer had gone out."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("turns", sa.Column("late", sa.Boolean(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("turns", "late")
