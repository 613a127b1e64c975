"""A version keeps the text that goes out in place of an answer that a judge holds back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("versions", sa.Column("refusal", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("versions", "refusal")
