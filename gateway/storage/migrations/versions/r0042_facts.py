"""The facts that a version declares, beside those that are read from it."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("versions", sa.Column("facts", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("versions", "facts")
