"""Responses are answered in the background, and what their streams tell is kept for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = (["workspace_id", "ended_at"], ["persona_id"], ["ended_at"])


def upgrade() -> None:
    op.create_table(
        "background_responses",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("input", sa.Text(), nullable=True),
        sa.Column("is_streamed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_background_responses")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_background_responses_workspace_id_id")),
        sqlite_autoincrement=True,
    )
    for columns in INDEXES:
        op.create_index(op.f("ix_background_responses_" + "_".join(columns)), "background_responses", columns)
    op.create_table(
        "response_events",
        sa.Column("response", SEQ, nullable=False),
        sa.Column("last", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("response", "last", name=op.f("pk_response_events")),
        sa.ForeignKeyConstraint(
            ["response"], ["background_responses.seq"], name=op.f("fk_response_events_response")
        ),
    )


def downgrade() -> None:
    op.drop_table("response_events")
    for columns in reversed(INDEXES):
        op.drop_index(op.f("ix_background_responses_" + "_".join(columns)), table_name="background_responses")
    op.drop_table("background_responses")
