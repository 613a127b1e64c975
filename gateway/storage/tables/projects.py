"""The projects API keeps these."""

from sqlalchemy import Column, ForeignKey, String, Table, Text

from gateway.storage.tables.schema import Id, metadata

sketches = Table(
    "sketches",
    metadata,
    Column("persona_id", Id, ForeignKey("personas.id"), primary_key=True),
    Column("description", Text, nullable=False),
    Column("image_id", String(64)),
)
"""Only the projects API shows these of a persona."""
