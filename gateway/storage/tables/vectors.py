"""Vectors of what versions say, by which personas are found."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table

from gateway.storage.tables.schema import Id, Seq, metadata

version_vectors = Table(
    "version_vectors",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("version_id", Id, ForeignKey("versions.id"), nullable=False, unique=True),
    Column("persona_id", Id, nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index(None, "workspace_id", "seq"),
    Index(None, "persona_id"),
    sqlite_autoincrement=True,
)
"""`vector` has a byte for each number, from -127 to 127. A persona's newest version alone has one."""
