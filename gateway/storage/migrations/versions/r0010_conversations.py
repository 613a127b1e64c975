"""Conversations are kept, with their messages."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("id", sa.String(45), nullable=False),
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("follow", sa.String(64)),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("origin", sa.LargeBinary(16), nullable=False),
        sa.Column("leaf", sa.String(40)),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_conversations_workspace_id")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_conversations")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_conversations_workspace_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_conversations_workspace_id_seq"), "conversations", ["workspace_id", "seq"])
    op.create_index(op.f("ix_conversations_persona_id_seq"), "conversations", ["persona_id", "seq"])
    op.create_table(
        "messages",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("parent", sa.String(40)),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(200), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("hash", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("score", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.seq"], name=op.f("fk_messages_conversation")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_messages")),
        sa.UniqueConstraint("conversation", "id", name=op.f("uq_messages_conversation_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_messages_conversation_parent"), "messages", ["conversation", "parent"])
    op.create_index(op.f("ix_messages_hash"), "messages", ["hash"])


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("conversations")
