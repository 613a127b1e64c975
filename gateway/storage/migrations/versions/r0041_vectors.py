"""Vectors are kept of what versions say."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "version_vectors",
        sa.Column("seq", SEQ, autoincrement=True, nullable=False),
        sa.Column("version_id", sa.String(40), nullable=False),
        sa.Column("persona_id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_version_vectors")),
        sa.UniqueConstraint("version_id", name=op.f("uq_version_vectors_version_id")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_vectors_version_id")),
        sqlite_autoincrement=True,
    )
    for columns in (["workspace_id", "seq"], ["persona_id"]):
        op.create_index(op.f("ix_version_vectors_" + "_".join(columns)), "version_vectors", columns)


def downgrade() -> None:
    for name in ("persona_id", "workspace_id_seq"):
        op.drop_index(op.f(f"ix_version_vectors_{name}"), table_name="version_vectors")
    op.drop_table("version_vectors")
