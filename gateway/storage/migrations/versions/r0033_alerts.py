"""What was found of drift is kept, so that it is told of once."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_OPEN = sa.text("recovered_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(40), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("window_hours", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("recovered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_alerts_workspace_id_seq"), "alerts", ["workspace_id", "seq"])
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["workspace_id", "persona_id", "version", "threshold", "window_hours"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_table(
        "onsets",
        sa.Column("conversation", SEQ, autoincrement=False, nullable=False),
        sa.Column("turn_id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "turn_id", name=op.f("pk_onsets")),
    )


def downgrade() -> None:
    op.drop_table("onsets")
    op.drop_index("uq_alerts_open", table_name="alerts")
    op.drop_index(op.f("ix_alerts_workspace_id_seq"), table_name="alerts")
    op.drop_table("alerts")
