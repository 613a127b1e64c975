"""Turns in the database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.chat.turn import Drift, Turn, Usage
from gateway.storage import tables
from gateway.storage.database import fields

TURN = tables.turns.c


async def insert(connection: AsyncConnection, turns: Sequence[Turn]) -> None:
    """One that is there already stays as it is, for a batch may come again after a doubtful commit."""
    new = sqlite.insert(tables.turns).on_conflict_do_nothing(index_elements=[TURN.id])
    await connection.execute(new, [_row(turn) for turn in turns])


async def turns(
    connection: AsyncConnection,
    workspace_id: str,
    *,
    persona_id: str | None = None,
    status: str | None = None,
    since: int | None = None,
    limit: int = 50,
) -> list[Turn]:
    """The newest turns first; `since` is in milliseconds since the epoch."""
    query = select(tables.turns).where(TURN.workspace_id == workspace_id)
    if persona_id is not None:
        query = query.where(TURN.persona_id == persona_id)
    if status is not None:
        query = query.where(TURN.status == status)
    if since is not None:
        query = query.where(TURN.created_at >= since)
    rows = await connection.execute(query.order_by(TURN.id.desc()).limit(limit))
    return [_turn(fields(row)) for row in rows]


def _row(turn: Turn) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(turn, name) for name in Turn.__struct_fields__}
    drift, usage = row.pop("drift"), row.pop("usage")
    return row | {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "voice": drift.voice,
        "drift_values": drift.values,
        "verdict": drift.verdict,
        "reason": drift.reason,
    }


def _turn(row: dict[str, Any]) -> Turn:
    drift = Drift(row["voice"], row["drift_values"], row["verdict"], row["reason"])
    return msgspec.convert({**row, "drift": drift, "usage": msgspec.convert(row, Usage)}, Turn)
