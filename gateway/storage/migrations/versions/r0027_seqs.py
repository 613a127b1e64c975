"""Places in the order of a table have 64 bits in PostgreSQL; in SQLite they have had them all along."""

from alembic import op

revision = "0027"
down_revision = "0026"
NUMBERED = (
    "turns",
    "amendments",
    "conversations",
    "messages",
    "events",
    "changes",
    "budgets",
    "work",
    "runs",
)
NAMING = (("messages", "conversation"), ("spent", "budget"), ("holds", "budget"))
"""Columns that name a row of another table by its place."""


def upgrade() -> None:
    _change("BIGINT")


def downgrade() -> None:
    _change("INTEGER")


def _change(kind: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in NUMBERED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN seq TYPE {kind}")
        op.execute(f"ALTER SEQUENCE {table}_seq_seq AS {kind}")
    for table, column in NAMING:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
