"""Turns are found by the request that they belong to."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_index("ix_turns_request_id", "turns", ["request_id"])


def downgrade() -> None:
    op.drop_index("ix_turns_request_id", "turns")
