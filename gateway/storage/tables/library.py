"""Personas, their versions and labels."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from gateway.storage.tables.schema import Id, Millis, Seq, metadata

personas = Table(
    "personas",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("slug", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("owner", Id),
    Column("forked_from", Id),
    Column("forked_version", Integer),
    Column("latest", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("seq", Seq),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "slug"),
    Index(None, "seq", unique=True),
)
"""`seq` is the number of its words."""

versions = Table(
    "versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("persona_id", Id, ForeignKey("personas.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("language", String(35), nullable=False),
    Column("prompt", Text, nullable=False),
    Column("examples", JSON, nullable=False),
    Column("layers", JSON, nullable=False),
    Column("overlay", String(16), nullable=False),
    Column("allow", JSON, nullable=False, server_default="[]"),
    Column("refusal", Text, nullable=False, server_default=text("''")),
    Column("rules", JSON, nullable=False, server_default="[]"),
    Column("facts", JSON, nullable=False, server_default="[]"),
    Column("variables", JSON, nullable=False, server_default="{}"),
    Column("reading", JSON(none_as_null=True)),
    Column("upstreams", JSON, nullable=False),
    Column("defaults", JSON, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("created_at", Millis, nullable=False),
    UniqueConstraint("persona_id", "number"),
)

labels = Table(
    "labels",
    metadata,
    Column("persona_id", Id, ForeignKey("personas.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("updated_at", Millis, nullable=False),
)

schema_fields = Table(
    "schema_fields",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("layer", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("schema", JSON, nullable=False),
    Column("created_at", Millis, nullable=False),
)
"""Fields that a workspace has of its own; `schema` says what they hold."""

aliases = Table(
    "aliases",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("alias", String(128), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("persona_id", Id, ForeignKey("personas.id"), nullable=False, index=True),
    Column("number", Integer),
)
"""Names that personas had elsewhere; `version` is the other service's name of one, or empty."""
