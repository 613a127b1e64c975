"""A version may declare variables, and a persona may have other names, as those of a service that it left."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("versions", sa.Column("variables", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "aliases",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("alias", sa.String(128), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["persona_id"], ["personas.id"], name=op.f("fk_aliases_persona_id")),
        sa.PrimaryKeyConstraint("workspace_id", "alias", "version", name=op.f("pk_aliases")),
    )
    op.create_index(op.f("ix_aliases_persona_id"), "aliases", ["persona_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_aliases_persona_id"), table_name="aliases")
    op.drop_table("aliases")
    op.drop_column("versions", "variables")
