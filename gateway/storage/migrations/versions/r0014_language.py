"""A version's language may be a whole BCP 47 tag, such as `zh-Hant-TW`."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

LANGUAGE = sa.column("language", sa.String)
VERSIONS = sa.table("versions", LANGUAGE)


def upgrade() -> None:
    _resize(8, 35)


def downgrade() -> None:
    connection = op.get_bind()
    tags = connection.scalars(sa.select(LANGUAGE).distinct()).all()
    for tag in [tag for tag in tags if len(tag) > 8]:
        change = sa.update(VERSIONS).where(LANGUAGE.in_([tag]))
        connection.execute(change.values(language=_shortened(tag)))
    _resize(35, 8)


def _shortened(tag: str) -> str:
    """Leave subtags out from the end, since half a subtag is no language."""
    while len(tag) > 8 and "-" in tag:
        tag = tag.rpartition("-")[0]
    return tag[:8]


def _resize(before: int, after: int) -> None:
    # Changing a type would bring PostgreSQL's own order of texts back.
    kind = sa.String(after).with_variant(sa.String(after, collation="C"), "postgresql")
    with op.batch_alter_table("versions") as table:
        table.alter_column("language", existing_type=sa.String(before), type_=kind, existing_nullable=False)
