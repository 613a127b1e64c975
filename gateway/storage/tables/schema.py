"""All tables share these."""

from sqlalchemy import BigInteger, Integer, MetaData, String

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
