"""Runs, what happened in each of them, and how they went about it."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text, text

from gateway.storage.tables.schema import Id, Millis, Seq, metadata

runs = Table(
    "runs",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("workspace_id", Id, nullable=False),
    Column("owner", Id),
    Column("key_id", Id),
    Column("is_private", Boolean, nullable=False),
    Column("is_apart", Boolean, nullable=False, server_default=text("false")),
    Column("status", String(12), nullable=False),
    Column("task", String(12), nullable=False, server_default="create"),
    Column("origin", Id),
    Column("inputs", JSON, nullable=False),
    Column("pipeline", String(64), nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("persona_id", Id),
    Column("result", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
    Column("cost_usd", Float),
    Column("tokens", BigInteger, nullable=False),
    Column("is_blamed", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Millis, nullable=False),
    Column("ended_at", Millis),
    Index(None, "workspace_id", "seq"),
    Index(None, "workspace_id", "status"),
    Index(None, "persona_id"),
    sqlite_autoincrement=True,
)
"""Each is a run that makes a persona from an intent, or refines one; `inputs` are what was asked for."""

run_events = Table(
    "run_events",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("type", String(40), nullable=False),
    Column("data", Text, nullable=False),
    Column("at", Millis, nullable=False),
)
"""It tells in their order what happened in a run, as JSON; it is told to those who follow the run."""

run_steps = Table(
    "run_steps",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("added", JSON, nullable=False),
)
"""Each step of a run has added this to the draft."""

pipelines = Table(
    "pipelines",
    metadata,
    Column("fingerprint", String(80), primary_key=True),
    Column("data", JSON, nullable=False),
)
"""The pipelines that runs have followed, as they were then."""
