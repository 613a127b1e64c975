"""Responses are kept beside the messages of their conversations, which remember the items that they are."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("messages", sa.Column("items", sa.Text(), nullable=True))
    op.create_table(
        "responses",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("conversation", SEQ, nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_responses")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_responses_workspace_id_id")),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.seq"], name=op.f("fk_responses_conversation")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_responses_conversation"), "responses", ["conversation"])
    op.create_table(
        "response_items",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("response", SEQ, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_response_items")),
        sa.ForeignKeyConstraint(["response"], ["responses.seq"], name=op.f("fk_response_items_response")),
    )
    op.create_index(op.f("ix_response_items_response"), "response_items", ["response"])


def downgrade() -> None:
    op.drop_index(op.f("ix_response_items_response"), table_name="response_items")
    op.drop_table("response_items")
    op.drop_index(op.f("ix_responses_conversation"), table_name="responses")
    op.drop_table("responses")
    with op.batch_alter_table("messages") as batch:
        batch.drop_column("items")
