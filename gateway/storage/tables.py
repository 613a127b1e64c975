"""Every table, as SQLAlchemy Core knows it; tests compare the migrations with these."""

from functools import lru_cache

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.drift.axes import AXES

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

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("mode", String(4), nullable=False),
    Column("created_at", Millis, nullable=False),
)

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
)

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
    Column("search", Text, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "slug"),
)

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

TOKENS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
"""Kinds of tokens that turns and sums count."""

turns = Table(
    "turns",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("request_id", Id, nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("key_id", Id, nullable=False),
    Column("conversation_id", Id),
    Column("persona_id", Id),
    Column("version_id", Id),
    Column("version", Integer),
    Column("model", String(200), nullable=False),
    Column("upstream", String(200)),
    Column("stream", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("error", String(64)),
    Column("attempts", Integer, nullable=False),
    Column("finish_reason", String(64)),
    *[Column(name, BigInteger) for name in TOKENS],
    Column("usage_source", String(12)),
    Column("cost_usd", Float),
    Column("latency_ms", Float, nullable=False),
    Column("first_byte_ms", Float),
    *[Column(axis.column, Float) for axis in AXES],
    Column("verdict", String(20), nullable=False),
    Column("reason", String(20)),
    Column("coherence", Float),
    Column("explain", Text),
    Column("judge", Text),
    Column("judged", Boolean, nullable=False, server_default="0"),
    Column("late", Boolean, nullable=False, server_default="0"),
    Column("created_at", Millis, nullable=False),
    Index(None, "workspace_id", "seq"),
    Index(None, "request_id"),
    Index(None, "persona_id", "seq"),
    sqlite_autoincrement=True,
)
"""`seq` is the order in which turns ended, `id` the one in which they began; `explain`, `judge` are JSON."""

BINS = 20
"""Parts of a scale into which scores are sorted."""
SCALES = (*[axis.column for axis in AXES], "coherence")
"""What is measured on a scale; an axis that is new brings a migration that adds its columns."""


@lru_cache
def bin_names(scale: str) -> tuple[str, ...]:
    """Name the columns that count the turns in each part of a scale."""
    return tuple(f"{scale}_{number:02}" for number in range(BINS))


def _sum(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


usage_hours = Table(
    "usage_hours",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("hour", Millis, primary_key=True, autoincrement=False),
    Column("persona_id", Id, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("upstream", String(200), primary_key=True),
    Column("key_id", Id, primary_key=True),
    *map(_sum, ("turns", "completed", "failed", "cancelled", *TOKENS)),
    Column("cost_usd", Float, nullable=False),
    *map(_sum, ("priced", "unpriced", "estimated")),
)
"""What the turns of an hour took; an absent persona, version or upstream is empty, or 0."""

drift_hours = Table(
    "drift_hours",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("persona_id", Id, primary_key=True),
    Column("hour", Millis, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("upstream", String(200), primary_key=True),
    *map(_sum, ("turns", "unscored", "in_character", "warming_up", "drifting", "out_of_character")),
    *[
        column
        for scale in SCALES
        for column in (Column(f"{scale}_sum", Float, nullable=False), *map(_sum, bin_names(scale)))
    ],
)
"""How far the turns of an hour were from their persona: verdicts, sums of levels, and turns by level."""

amendments = Table(
    "amendments",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("turn_id", Id, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("behind", BigInteger, nullable=False),
    Column("at", Millis, nullable=False),
    Index(None, "behind"),
    sqlite_autoincrement=True,
)
"""A row for what became known of a recorded turn; `behind` is the `seq` of the turn that had ended last."""

conversations = Table(
    "conversations",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
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
    sqlite_autoincrement=True,
)
"""`seq` is the order in which they were made; `leaf` is the newest message."""

messages = Table(
    "messages",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("conversation", Integer, ForeignKey("conversations.seq"), nullable=False),
    Column("id", Id, nullable=False),
    Column("parent", Id),
    Column("depth", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("role", String(200), nullable=False),
    Column("body", Text),
    Column("hash", LargeBinary(16), nullable=False),
    Column("version", Integer),
    Column("score", Text),
    Column("created_at", Millis, nullable=False),
    UniqueConstraint("conversation", "id"),
    Index(None, "conversation", "parent"),
    Index(None, "conversation", "seq"),
    Index(None, "hash", "conversation"),
    sqlite_autoincrement=True,
)
"""Messages of conversations, as JSON, each below its `parent`. `depth` counts the messages of the path up to
it, `turn` those of users; `hash` is over all that was said on the path. An answer bears its turn's id."""

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
    Column("seq", Integer, primary_key=True, autoincrement=True),
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
"""What has happened, written in the transaction of its cause, with ids and numbers alone; `owner` is set
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

changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("topic", String(16), nullable=False),
    Column("subject", Id, nullable=False),
    Column("at", Millis, nullable=False),
    sqlite_autoincrement=True,
)
"""Tells other processes what to forget: it has a row for each write to a persona, label or key."""
