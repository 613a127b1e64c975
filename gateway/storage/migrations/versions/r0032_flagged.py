"""A turn is marked where moderation has flagged something in it."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("turns", sa.Column("flagged", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "flagged")
