"""Runs refine and repeat, follow pipelines that are kept, and workspaces have fields of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("task", sa.String(12), nullable=False, server_default="create"))
        runs.add_column(sa.Column("origin", sa.String(40), nullable=True))
        runs.add_column(sa.Column("result", sa.JSON(none_as_null=True), nullable=True))
        runs.add_column(sa.Column("is_blamed", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_table(
        "run_steps",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_run_steps")),
    )
    op.create_table(
        "pipelines",
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_pipelines")),
    )
    op.create_table(
        "schema_fields",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("layer", sa.String(64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("schema", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_schema_fields")),
    )
    op.execute("UPDATE personas SET status = 'completed' WHERE status = 'active'")


def downgrade() -> None:
    op.execute("UPDATE personas SET status = 'active' WHERE status = 'completed'")
    for table in ("schema_fields", "pipelines", "run_steps"):
        op.drop_table(table)
    with op.batch_alter_table("runs") as runs:
        for column in ("is_blamed", "result", "origin", "task"):
            runs.drop_column(column)
