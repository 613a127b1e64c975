"""Pictures of personas and of a project's style are known to the store, which does not hold their bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_images_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
    )
    op.create_index(op.f("ix_images_persona_id"), "images", ["persona_id"])
    op.create_index(op.f("ix_images_gone_at"), "images", ["gone_at"])
    op.create_index(op.f("ix_images_workspace_id_created_at"), "images", ["workspace_id", "created_at"])


def downgrade() -> None:
    op.drop_table("images")
