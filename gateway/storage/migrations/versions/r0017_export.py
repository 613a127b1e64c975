"""Messages of a conversation are found in the order in which they were kept."""

from alembic import op

revision = "0017"
down_revision = "0016"
INDEX = "ix_messages_conversation_seq"


def upgrade() -> None:
    op.create_index(op.f(INDEX), "messages", ["conversation", "seq"])


def downgrade() -> None:
    op.drop_index(op.f(INDEX), table_name="messages")
