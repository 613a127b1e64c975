"""Open runs are found by an index, and a persona's number has 64 bits in PostgreSQL, as all others."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_index("ix_runs_workspace_id_status", "runs", ["workspace_id", "status"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE personas ALTER COLUMN seq TYPE BIGINT")


def downgrade() -> None:
    op.drop_index("ix_runs_workspace_id_status", "runs")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE personas ALTER COLUMN seq TYPE INTEGER")
