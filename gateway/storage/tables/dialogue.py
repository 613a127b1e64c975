"""Conversations and their messages."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.storage.tables.schema import Id, Millis, Seq, metadata, some

conversations = Table(
    "conversations",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("id", String(45), nullable=False),
    Column("owner", Id, nullable=False),
    Column("key_id", Id, nullable=False),
    Column("persona_id", Id, nullable=False),
    Column("version", Integer),
    Column("follow", String(64)),
    Column("title", String(200), nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("origin", LargeBinary(16), nullable=False),
    Column("leaf", Id),
    Column("messages", Integer, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "seq"),
    Index(None, "persona_id", "seq"),
    Index(None, "updated_at"),
    sqlite_autoincrement=True,
)
"""`seq` is the order in which they were made; `leaf` is the newest message."""

IS_TAIL = text("tail IS NOT NULL")

messages = Table(
    "messages",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("conversation", Seq, ForeignKey("conversations.seq"), nullable=False),
    Column("id", Id, nullable=False),
    Column("parent", Id),
    Column("depth", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("role", String(200), nullable=False),
    Column("body", Text),
    Column("items", Text),
    Column("hash", LargeBinary(16), nullable=False),
    Column("tail", LargeBinary(16)),
    Column("version", Integer),
    Column("score", Text),
    Column("created_at", Millis, nullable=False),
    UniqueConstraint("conversation", "id"),
    Index(None, "conversation", "parent"),
    Index(None, "conversation", "seq"),
    Index(None, "hash", "conversation"),
    Index(None, "tail", "conversation", **some(IS_TAIL)),
    sqlite_autoincrement=True,
)
"""Messages of conversations, as JSON, each below its `parent`. `depth` counts the messages of the path up to
it, `turn` those of users; `hash` is over all that was said on the path, and `tail` over an answer and
what it answers alone. `items` are those of a response that the message stands for. An answer bears
its turn's id."""
