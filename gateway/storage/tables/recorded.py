"""Turns, and what they add up to."""

from functools import lru_cache

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from gateway.drift.axes import AXES
from gateway.storage.tables.schema import Id, Millis, Seq, metadata

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
    Column("seq", Seq, primary_key=True, autoincrement=True),
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
    Column("flagged", Text),
    Column("created_at", Millis, nullable=False),
    Index(None, "workspace_id", "seq"),
    Index(None, "request_id"),
    Index(None, "persona_id", "seq"),
    Index(None, "workspace_id", "verdict", "seq"),
    Index(None, "workspace_id", "status", "seq"),
    sqlite_autoincrement=True,
)
"""`seq` is the order in which turns ended, `id` the one in which they began; `explain`, `judge` are JSON."""

BINS = 20
"""Parts of a scale into which scores are sorted."""
SCALES = (*[axis.column for axis in AXES], "coherence")
"""It is measured on a scale; an axis that is new brings a migration that adds its columns."""


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
"""The turns of an hour took this; an absent persona, version or upstream is empty, or 0."""

VERDICT_COUNTS = ("turns", "unscored", "in_character", "warming_up", "drifting", "out_of_character")
drift_hours = Table(
    "drift_hours",
    metadata,
    Column("workspace_id", Id, primary_key=True),
    Column("persona_id", Id, primary_key=True),
    Column("hour", Millis, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("upstream", String(200), primary_key=True),
    *map(_sum, VERDICT_COUNTS),
    *[
        column
        for scale in SCALES
        for column in (Column(f"{scale}_sum", Float, nullable=False), *map(_sum, bin_names(scale)))
    ],
    Index("ix_drift_hours_verdicts", "workspace_id", "hour", "persona_id", *VERDICT_COUNTS),
)
"""Its rows say how far the turns of an hour strayed: verdicts, sums of levels, and turns by level."""

amendments = Table(
    "amendments",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("turn_id", Id, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("behind", BigInteger, nullable=False),
    Column("at", Millis, nullable=False),
    Index(None, "behind"),
    sqlite_autoincrement=True,
)
"""A row for what became known of a recorded turn; `behind` is the `seq` of the turn that had ended last."""
