"""Answers are found by what they answer, and conversations by when somebody last spoke in them."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
TAIL, UPDATED = "ix_messages_tail_conversation", "ix_conversations_updated_at"
IS_TAIL = sa.text("tail IS NOT NULL")


def upgrade() -> None:
    op.add_column("messages", sa.Column("tail", sa.LargeBinary(16)))
    op.create_index(
        op.f(TAIL), "messages", ["tail", "conversation"], sqlite_where=IS_TAIL, postgresql_where=IS_TAIL
    )
    op.create_index(op.f(UPDATED), "conversations", ["updated_at"])


def downgrade() -> None:
    op.drop_index(op.f(UPDATED), table_name="conversations")
    op.drop_index(op.f(TAIL), table_name="messages")
    with op.batch_alter_table("messages") as messages:
        messages.drop_column("tail")
