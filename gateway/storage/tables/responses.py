"""Responses that are kept, and where their items are found again."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.storage.tables.schema import Id, Millis, Seq, metadata

responses = Table(
    "responses",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("workspace_id", Id, nullable=False),
    Column("id", Id, nullable=False),
    Column("owner", Id, nullable=False),
    Column("key_id", Id, nullable=False),
    Column("conversation", Seq, ForeignKey("conversations.seq"), nullable=False),
    Column("is_named", Boolean, nullable=False),
    Column("status", String(12), nullable=False),
    Column("body", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("created_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "conversation"),
    sqlite_autoincrement=True,
)
"""`body` is the response as it was answered, `input` the items that it answers. `is_named` tells that its
caller has named the conversation."""

response_items = Table(
    "response_items",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("response", Seq, ForeignKey("responses.seq"), nullable=False),
    Index(None, "response"),
)
"""Items that bear ids of an upstream's making, which callers refer to."""

background_responses = Table(
    "background_responses",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("workspace_id", Id, nullable=False),
    Column("id", Id, nullable=False),
    Column("owner", Id, nullable=False),
    Column("key_id", Id, nullable=False),
    Column("persona_id", Id, nullable=False),
    Column("conversation", Seq),
    Column("request_id", Id, nullable=False),
    Column("status", String(12), nullable=False),
    Column("request", Text),
    Column("body", Text),
    Column("input", Text),
    Column("is_streamed", Boolean, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("ended_at", Millis),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "ended_at"),
    Index(None, "persona_id"),
    Index(None, "conversation"),
    Index(None, "ended_at"),
    sqlite_autoincrement=True,
)
"""Responses that are answered in the background. Once one is answered, its texts are with its conversation,
and this row tells its followers where the stream ends."""

response_events = Table(
    "response_events",
    metadata,
    Column("response", Seq, ForeignKey("background_responses.seq"), primary_key=True),
    Column("last", Integer, primary_key=True, autoincrement=False),
    Column("first", Integer, nullable=False),
    Column("frames", Text, nullable=False),
)
"""Events of streams that are followed, several to a row."""
