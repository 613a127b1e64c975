"""These tables tell people, receivers and other processes what was done and what has happened."""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, String, Table

from gateway.storage.tables.schema import Id, Millis, Seq, metadata

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, nullable=False),
    Column("key_id", Id),
    Column("action", String(40), nullable=False),
    Column("subject", Id, nullable=False),
    Column("details", JSON, nullable=False),
    Column("at", Millis, nullable=False),
    Index(None, "workspace_id", "id"),
    Index(None, "subject", "id"),
)
"""Writes, by whom and when; `key_id` is null where one was made at a terminal. It holds no prompt and no
key."""

events = Table(
    "events",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("type", String(40), nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("owner", Id),
    Column("data", JSON, nullable=False),
    Column("created_at", Millis, nullable=False),
    Index(None, "workspace_id", "seq"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)
"""It tells what has happened, in the transaction of its cause, by ids and numbers alone; `owner` is set
where only keys of that owner may know of it."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("status", Integer),
    Column("headers", JSON),
    Column("body", LargeBinary),
    Column("at", Millis, nullable=False),
)
"""Answers that are given again, sealed; `status` is null while the first request is still at work."""

CHANNEL = "persona_changes"
"""PostgreSQL tells those who listen here that there is a row in `changes`."""

changes = Table(
    "changes",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("topic", String(16), nullable=False),
    Column("subject", Id, nullable=False),
    Column("at", Millis, nullable=False),
    sqlite_autoincrement=True,
)
"""Tells other processes what to forget: it has a row for each write to a persona, label or key."""
