"""The belief that a turn broke a rule, beside its other axes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("turns", sa.Column("drift_rules", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "drift_rules")
