"""Turns are found by verdict and status, and the verdicts of an hour over all personas, without a scan."""

from alembic import op

revision = "0031"
down_revision = "0030"
TURNS = {"ix_turns_workspace_id_verdict_seq": "verdict", "ix_turns_workspace_id_status_seq": "status"}
VERDICTS = ["turns", "unscored", "in_character", "warming_up", "drifting", "out_of_character"]


def upgrade() -> None:
    for name, column in TURNS.items():
        op.create_index(name, "turns", ["workspace_id", column, "seq"])
    columns = ["workspace_id", "hour", "persona_id", *VERDICTS]
    op.create_index("ix_drift_hours_verdicts", "drift_hours", columns)


def downgrade() -> None:
    op.drop_index("ix_drift_hours_verdicts", "drift_hours")
    for name in TURNS:
        op.drop_index(name, "turns")
