"""A version's language may be a whole BCP 47 tag, such as `zh-Hant-TW`."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    _resize(8, 35)


def downgrade() -> None:
    op.execute("UPDATE versions SET language = substr(language, 1, 8)")
    _resize(35, 8)


def _resize(before: int, after: int) -> None:
    # Changing a type would bring PostgreSQL's own order of texts back.
    kind = sa.String(after).with_variant(sa.String(after, collation="C"), "postgresql")
    with op.batch_alter_table("versions") as table:
        table.alter_column("language", existing_type=sa.String(before), type_=kind, existing_nullable=False)
