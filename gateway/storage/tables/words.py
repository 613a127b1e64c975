"""The words of personas and messages, by which they are found."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.types import UserDefinedType

from gateway.storage.tables.schema import in_postgres, metadata


class _Vector(UserDefinedType[str]):
    """PostgreSQL's `tsvector`, named without its dialect, which nobody needs with another store."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TSVECTOR"


Words = Text().with_variant(_Vector(), "postgresql")


def _words(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("rowid", BigInteger, primary_key=True, autoincrement=False),
        Column("tokens", Words, nullable=False),
        Index(f"ix_{name}_tokens", "tokens", **in_postgres(using="gin")),
        info={"is_index": True},
    )


persona_words = _words("persona_words")
"""`personas.seq` numbers these."""
message_words = _words("message_words")
"""`messages.seq` numbers these. In SQLite these are FTS5's tables, in PostgreSQL ordinary ones."""
