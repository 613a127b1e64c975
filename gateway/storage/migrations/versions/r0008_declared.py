"""The rules that a version declares, and those that were read from its prompt."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("versions", sa.Column("rules", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("versions", sa.Column("reading", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("versions", "reading")
    op.drop_column("versions", "rules")
