"""A workspace knows how many conversations it has."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("conversations", sa.Integer(), nullable=False, server_default="0"))
    theirs = "SELECT COUNT(*) FROM conversations c WHERE c.workspace_id = workspaces.id"
    op.execute(f"UPDATE workspaces SET conversations = ({theirs})")  # noqa: S608


def downgrade() -> None:
    op.drop_column("workspaces", "conversations")
