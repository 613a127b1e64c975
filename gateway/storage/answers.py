"""Answers that are given again to a repeated request are kept here, sealed by whoever keeps them."""

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, select, update

from gateway import clock
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields

KEPT_MS = 86_400_000
ABANDONED_MS = 120_000
"""Milliseconds; a first request that has not ended after this time died with its process."""
MOST = 10_000
"""Answers that are kept for a workspace; beyond these the oldest go first."""
MOST_BYTES = 64 << 20
"""Bytes of their bodies together."""

ENTRY = tables.idempotency.c


class Place(msgspec.Struct, frozen=True):
    """The place where an answer is kept."""

    workspace_id: str
    name: str

    @property
    def here(self) -> ColumnElement[bool]:
        return (ENTRY.workspace_id == self.workspace_id) & (ENTRY.key == self.name)


class Kept(msgspec.Struct, frozen=True):
    """The state of a request; `status` is `None` while it is at work, `body` where it is too large."""

    request: str
    status: int | None
    headers: list[tuple[str, str]] | None
    body: bytes | None
    at: int

    def is_stale(self, now: int) -> bool:
        age = now - self.at
        return age > KEPT_MS or (self.status is None and age > ABANDONED_MS)


async def find(connection: AsyncConnection, place: Place) -> Kept | None:
    row = (await connection.execute(select(tables.idempotency).where(place.here))).first()
    return msgspec.convert(fields(row), Kept) if row else None


async def claim(connection: AsyncConnection, place: Place, request: str) -> bool:
    """Take the place for the request; false where somebody else was quicker."""
    now = clock.now_ms()
    stale = (ENTRY.at < now - KEPT_MS) | (ENTRY.status.is_(None) & (ENTRY.at < now - ABANDONED_MS))
    await connection.execute(delete(tables.idempotency).where(stale))
    if await find(connection, place) is not None:
        return False
    values = {"workspace_id": place.workspace_id, "key": place.name, "request": request, "at": now}
    await connection.execute(insert(tables.idempotency).values(values))
    return True


async def keep(
    connection: AsyncConnection, place: Place, status: int, headers: list[list[str]], body: bytes | None
) -> None:
    """Keep the answer at the place that was claimed; the workspace's oldest make room for it."""
    change = update(tables.idempotency).where(place.here)
    await connection.execute(change.values(status=status, headers=headers, body=body))
    newest = (ENTRY.at.desc(), ENTRY.key)
    sizes = (
        select(
            ENTRY.key,
            func.count().over(order_by=newest).label("number"),
            func.sum(func.coalesce(func.length(ENTRY.body), 0)).over(order_by=newest).label("size"),
        )
        .where(ENTRY.workspace_id == place.workspace_id, ENTRY.status.is_not(None))
        .subquery()
    )
    beyond = select(sizes.c.key).where((sizes.c.number > MOST) | (sizes.c.size > MOST_BYTES))
    mine = (ENTRY.workspace_id == place.workspace_id) & ENTRY.key.in_(beyond)
    await connection.execute(delete(tables.idempotency).where(mine, ENTRY.key != place.name))


async def release(connection: AsyncConnection, place: Place) -> None:
    """Forget the request, so that a repetition is answered anew."""
    await connection.execute(delete(tables.idempotency).where(place.here))


async def forget(connection: AsyncConnection, workspace_id: str) -> None:
    """Forget every answer of the workspace, since one may show what has been purged."""
    await connection.execute(delete(tables.idempotency).where(ENTRY.workspace_id == workspace_id))
