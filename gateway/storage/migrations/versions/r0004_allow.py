"""A version says what its callers may set although it is locked."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("versions", sa.Column("allow", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("versions", "allow")
