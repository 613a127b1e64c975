"""The store knows things of itself, such as under which pepper its keys were hashed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "properties",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_properties")),
    )
    # A store that has keys has been given the demos, and somebody may have taken them away.
    op.execute(
        "INSERT INTO properties (name, value) SELECT 'seeded', '0.1.0' WHERE EXISTS (SELECT 1 FROM keys)"
    )


def downgrade() -> None:
    op.drop_table("properties")
