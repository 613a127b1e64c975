"""A workspace may be given a plan, and a key limits of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("plan", sa.String(64), nullable=True))
    op.add_column("keys", sa.Column("limits", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("keys", "limits")
    op.drop_column("workspaces", "plan")
