"""Ended work is found by when it ended, and by what the engine still keeps of it."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

OLD, LEFT = "ix_work_state_ended_at", "ix_work_ended_at"
HAS_TRACES = sa.text("is_handed_over AND state IN ('done', 'cancelled')")


def upgrade() -> None:
    op.create_index(op.f(OLD), "work", ["state", "ended_at"])
    op.create_index(op.f(LEFT), "work", ["ended_at"], sqlite_where=HAS_TRACES, postgresql_where=HAS_TRACES)


def downgrade() -> None:
    for index in (LEFT, OLD):
        op.drop_index(op.f(index), "work")
