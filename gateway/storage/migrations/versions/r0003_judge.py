"""A turn keeps what a judge said of it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("turns", sa.Column("judge", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "judge")
