"""Pictures, whose bytes lie elsewhere."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from gateway.storage.tables.schema import Id, Millis, metadata

images = Table(
    "images",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("persona_id", Id, index=True),
    Column("name", String(200), nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("gone_at", Millis, index=True),
    Index(None, "workspace_id", "created_at"),
)
"""`persona_id` is null for a style image. From `gone_at` on the bytes are to be erased, and the row with
them; a picture whose bytes are still being written has it set, too."""
