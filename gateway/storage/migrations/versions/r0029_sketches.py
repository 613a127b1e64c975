"""Personas have a description and a picture for clients of the projects API."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "sketches",
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("image_id", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["persona_id"], ["personas.id"], name=op.f("fk_sketches_persona_id")),
        sa.PrimaryKeyConstraint("persona_id", name=op.f("pk_sketches")),
    )


def downgrade() -> None:
    op.drop_table("sketches")
