"""A path's hash is looked for within one conversation; many may begin with the same words."""

from alembic import op

revision = "0018"
down_revision = "0017"
BEFORE, NOW = "ix_messages_hash", "ix_messages_hash_conversation"


def upgrade() -> None:
    op.create_index(op.f(NOW), "messages", ["hash", "conversation"])
    op.drop_index(op.f(BEFORE), table_name="messages")


def downgrade() -> None:
    op.create_index(op.f(BEFORE), "messages", ["hash"])
    op.drop_index(op.f(NOW), table_name="messages")
