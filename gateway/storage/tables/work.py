"""Work that outlives processes, and the processes that do it."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, text

from gateway.storage.tables.schema import Id, Millis, Seq, metadata, some

HAS_TRACES = text("is_handed_over AND state IN ('done', 'cancelled')")
"""Tells that the engine still keeps what the steps of ended work have given."""

work = Table(
    "work",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("owner", Id),
    Column("data", JSON, nullable=False),
    Column("state", String(12), nullable=False),
    Column("is_cancel_wanted", Boolean, nullable=False),
    Column("is_handed_over", Boolean, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("resume_at", Integer),
    Column("error", JSON(none_as_null=True)),
    Column("due_at", Millis, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("started_at", Millis),
    Column("ended_at", Millis),
    Index(None, "state", "due_at"),
    Index(None, "state", "ended_at"),
    Index(None, "ended_at", **some(HAS_TRACES)),
    sqlite_autoincrement=True,
)
"""Work that outlives processes, written in the transaction of its cause, with ids and numbers alone;
`is_handed_over` tells that a workflow exists for its attempt."""

work_processes = Table(
    "work_processes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beat_at", Millis, nullable=False),
)
"""The processes that do work, each of which says again and again that it lives."""
