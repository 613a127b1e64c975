"""The words of personas and messages, by which they are found."""

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

from gateway.storage.tables.schema import metadata

Words = Text().with_variant(TSVECTOR(), "postgresql")


def _words(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("rowid", BigInteger, primary_key=True, autoincrement=False),
        Column("tokens", Words, nullable=False),
        Index(f"ix_{name}_tokens", "tokens", postgresql_using="gin"),
        info={"is_index": True},
    )


persona_words = _words("persona_words")
"""`personas.seq` numbers these."""
message_words = _words("message_words")
"""`messages.seq` numbers these. In SQLite these are FTS5's tables, in PostgreSQL ordinary ones."""
