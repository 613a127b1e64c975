"""All tables share these."""

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, String, TextClause

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(40)
Millis = BigInteger
"""Milliseconds since the Unix epoch."""
Seq = BigInteger().with_variant(Integer, "sqlite")
"""The place of a row in the order of its table: 64 bits, which SQLite's own numbers of rows have anyway."""


def some(where: TextClause) -> dict[str, Any]:
    """Say in which rows alone an index is interested, in either kind of store."""
    return {"sqlite_where": where, **in_postgres(where=where)}


def in_postgres(**options: Any) -> dict[str, Any]:
    """Say something of an index that PostgreSQL alone is told.

    SQLAlchemy would load its whole dialect for an option of it, which takes a process on SQLite 36 ms.
    """
    return {"info": {"postgresql": options}}


def tell_postgres() -> None:
    """Give the indexes their options for PostgreSQL, once that is the store."""
    for table in metadata.tables.values():
        for index in table.indexes:
            for name, value in index.info.get("postgresql", {}).items():
                index.dialect_kwargs[f"postgresql_{name}"] = value
