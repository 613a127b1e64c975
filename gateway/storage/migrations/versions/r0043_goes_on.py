"""The conversation that a response of the background goes on from, with which it is deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEX = "ix_background_responses_conversation"


def upgrade() -> None:
    op.add_column("background_responses", sa.Column("conversation", SEQ, nullable=True))
    op.create_index(INDEX, "background_responses", ["conversation"])


def downgrade() -> None:
    op.drop_index(INDEX, table_name="background_responses")
    op.drop_column("background_responses", "conversation")
