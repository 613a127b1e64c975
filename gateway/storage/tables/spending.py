"""Budgets, what has been spent of them, and what is set aside for calls that are under way."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from gateway.storage.tables.schema import Id, Millis, Seq, metadata

budgets = Table(
    "budgets",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=True),
    Column("workspace_id", Id, ForeignKey("workspaces.id"), nullable=False),
    Column("subject", Id, nullable=False),
    Column("unit", String(6), nullable=False),
    Column("period", String(5), nullable=False),
    Column("most", BigInteger, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "subject", "unit", "period"),
    sqlite_autoincrement=True,
)
"""`subject` is a workspace, a persona or the owner of a key; `most` is in billionths of a dollar, or in
tokens, and so is whatever is spent or set aside."""

spent = Table(
    "spent",
    metadata,
    Column("budget", Seq, ForeignKey("budgets.seq"), primary_key=True, autoincrement=False),
    Column("since", Millis, primary_key=True, autoincrement=False),
    Column("amount", BigInteger, nullable=False),
    Column("calls", Integer, nullable=False),
)
"""The calls took this that began in the hour, day or month which begins at `since`."""

holds = Table(
    "holds",
    metadata,
    Column("budget", Seq, ForeignKey("budgets.seq"), primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True, index=True),
    Column("since", Millis, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("holder", Id, nullable=False),
    Column("until", Millis, nullable=False),
)
"""The process `holder` sets this aside for a call, and renews it; after `until` it counts no more."""
