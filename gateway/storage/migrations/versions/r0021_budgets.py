"""Budgets, what has been spent of them, and what is set aside for calls that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(6), nullable=False),
        sa.Column("period", sa.String(5), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_budgets")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_budgets_workspace_id")),
        sa.UniqueConstraint(
            "workspace_id",
            "subject",
            "unit",
            "period",
            name=op.f("uq_budgets_workspace_id_subject_unit_period"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "spent",
        sa.Column("budget", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("budget", "since", name=op.f("pk_spent")),
        sa.ForeignKeyConstraint(["budget"], ["budgets.seq"], name=op.f("fk_spent_budget")),
    )
    op.create_table(
        "holds",
        sa.Column("budget", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("budget", "id", name=op.f("pk_holds")),
        sa.ForeignKeyConstraint(["budget"], ["budgets.seq"], name=op.f("fk_holds_budget")),
    )
    op.create_index(op.f("ix_holds_id"), "holds", ["id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_holds_id"), table_name="holds")
    op.drop_table("holds")
    op.drop_table("spent")
    op.drop_table("budgets")
