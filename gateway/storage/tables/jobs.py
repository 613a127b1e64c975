"""Jobs that are polled, and what was sent for them."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text

from gateway.storage.tables.schema import Id, Millis, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("workspace_id", Id, nullable=False),
    Column("owner", Id, nullable=False),
    Column("key_id", Id),
    Column("kind", String(16), nullable=False),
    Column("status", String(12), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("result", Text),
    Column("error", String(40)),
    Column("created_at", Millis, nullable=False),
    Column("ended_at", Millis),
    Index(None, "workspace_id", "status"),
    Index(None, "created_at"),
)
"""Each enhances a persona, makes a population or validates one; `inputs` and `result` are JSON."""

job_parts = Table(
    "job_parts",
    metadata,
    Column("job_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)
"""The body of a large one, in parts, until it has ended."""
