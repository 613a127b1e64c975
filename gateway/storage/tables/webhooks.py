"""Webhooks, and what is delivered to them."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.storage.tables.schema import Id, Millis, Seq, metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("owner", Id, nullable=False),
    Column("key_id", Id),
    Column("url", String(2048), nullable=False),
    Column("events", JSON, nullable=False),
    Column("description", String(500), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("off_reason", String(20)),
    Column("standard", Boolean, nullable=False),
    Column("salt", String(64), nullable=False),
    Column("mark", String(64), nullable=False),
    Column("old_salt", String(64)),
    Column("old_until", Millis),
    Column("behind", Seq, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    Index(None, "workspace_id", "seq"),
    sqlite_autoincrement=True,
)
"""Places that are told of events behind the place `behind`. The secret is made of `salt` and the pepper;
`mark` is its keyed hash, and `old_salt` makes the one that still signs until `old_until`."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("webhook_id", Id, nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("event_id", Id, nullable=False),
    Column("type", String(40), nullable=False),
    Column("owner", Id),
    Column("body", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("work_id", Id, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status", Integer),
    Column("error", String(200)),
    Column("latency_ms", Float),
    Column("attempted_at", Millis),
    Column("next_at", Millis),
    Column("created_at", Millis, nullable=False),
    Column("ended_at", Millis),
    UniqueConstraint("webhook_id", "event_id"),
    Index(None, "webhook_id", "seq"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)
"""An event on its way to one webhook; `owner` is the event's, `tries` counts the attempts since it was last
put on its way, and `work_id` names the work that makes them."""
