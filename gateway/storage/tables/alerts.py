"""Drift that was found has been told of once."""

from sqlalchemy import Column, Float, Index, Integer, Table, text

from gateway.storage.tables.schema import Id, Millis, Seq, metadata, some

IS_OPEN = text("recovered_at IS NULL")

alerts = Table(
    "alerts",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("event_id", Id, nullable=False),
    Column("workspace_id", Id, nullable=False),
    Column("persona_id", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("owner", Id),
    Column("threshold", Float, nullable=False),
    Column("window_hours", Integer, nullable=False),
    Column("share", Float, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("fired_at", Millis, nullable=False),
    Column("recovered_at", Millis),
    Index(None, "workspace_id", "seq"),
    Index(
        "uq_alerts_open",
        "workspace_id",
        "persona_id",
        "version",
        "threshold",
        "window_hours",
        unique=True,
        **some(IS_OPEN),
    ),
    sqlite_autoincrement=True,
)
"""Versions of which too many answers were out of character; of each, one alert is open at a time."""

onsets = Table(
    "onsets",
    metadata,
    Column("conversation", Seq, primary_key=True, autoincrement=False),
    Column("turn_id", Id, primary_key=True),
    Column("at", Millis, nullable=False),
)
"""The answers with which conversations have left their persona, once that was told."""
