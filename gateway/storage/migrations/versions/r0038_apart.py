"""Runs of a key that has a number of its own are not counted against its workspace's."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("is_apart", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )


def downgrade() -> None:
    op.drop_column("runs", "is_apart")
