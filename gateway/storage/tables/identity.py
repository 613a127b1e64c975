"""Workspaces, their keys, and what the store knows of itself."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table, Text

from gateway.storage.tables.schema import Id, Millis, metadata

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("mode", String(4), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("plan", String(64)),
    Column("conversations", Integer, nullable=False, server_default="0"),
)
"""`conversations` is their number, which has a bound."""

properties = Table(
    "properties",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts that the store keeps of itself."""

keys = Table(
    "keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("owner", Id, nullable=False),
    Column("name", String(200), nullable=False),
    Column("prefix", String(32), nullable=False, unique=True),
    Column("hash", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("operator", Boolean, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("expires_at", Millis),
    Column("revoked_at", Millis),
    Column("last_used_at", Millis),
    Column("limits", JSON(none_as_null=True)),
)
