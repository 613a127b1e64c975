"""Turns are summed up by key, persona, upstream or day."""

from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, cast, func, select

from gateway.storage.connection import AsyncConnection
from gateway.turns.store.rows import TURN
from gateway.turns.store.turns import Filter, narrowed
from gateway.turns.usage import Usage
from gateway.turns.view import By

DAY_MS = 86_400_000
GROUPS: dict[By, ColumnElement[Any]] = {
    "key": TURN.key_id,
    "persona": TURN.persona_id,
    "upstream": TURN.upstream,
    "day": TURN.created_at - TURN.created_at % DAY_MS,
}


class Sum(msgspec.Struct, frozen=True):
    """Usage of one group; `key` is what it is grouped by, for days the first millisecond."""

    key: str | int | None
    requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: float | None
    unpriced: int
    estimated: int


async def sums(connection: AsyncConnection, workspace_id: str, by: By, wanted: Filter) -> list[Sum]:
    """Sum up the turns, the largest group first; days come in their order."""
    group = GROUPS[by].label("group")
    counted = [
        func.count().label("requests"),
        # PostgreSQL sums large integers up to decimals.
        *[
            cast(func.coalesce(func.sum(TURN[name]), 0), BigInteger).label(name)
            for name in Usage.__struct_fields__
        ],
        func.sum(TURN.cost_usd).label("cost_usd"),
        func.count().filter(TURN.cost_usd.is_(None), TURN.prompt_tokens.is_not(None)).label("unpriced"),
        func.count().filter(TURN.usage_source == "estimated").label("estimated"),
    ]
    query = select(group, *counted).where(TURN.workspace_id == workspace_id).group_by(group)
    order = group if by == "day" else func.count().desc()
    rows = await connection.execute(narrowed(query, wanted).order_by(order).limit(1000))
    return [Sum(*row) for row in rows]
