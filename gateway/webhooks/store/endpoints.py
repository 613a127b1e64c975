"""Webhooks are made, changed, listed and deleted."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import BigInteger, delete, func, insert, literal, select, update

from gateway import clock
from gateway.events import store as events
from gateway.storage import properties, tables
from gateway.storage.audit import Actor, note
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.signs import newest
from gateway.webhooks.store.deliveries import KIND
from gateway.webhooks.webhook import OffReason, Webhook
from gateway.work.store import ended

WEBHOOK, DELIVERY = tables.webhooks.c, tables.deliveries.c
SIGNS = (newest(tables.events.c.seq),)
PLACE = "webhooks.behind"
"""The property that says up to which event deliveries have been made; it is there once a webhook is."""


_PLACES = select(properties.value(PLACE), *[sign.scalar_subquery() for sign in SIGNS])


async def places(connection: AsyncConnection) -> tuple[int | None, int]:
    """Return the place up to which deliveries have been made, and the newest event's."""
    row = (await connection.execute(_PLACES)).one()
    return None if row[0] is None else int(row[0]), row[1] or 0


async def create(connection: AsyncConnection, values: dict[str, Any], actor: Actor) -> Webhook:
    """Make a webhook, which is told of events from now on."""
    now = clock.now_ms()
    newest = await events.newest(connection)
    if await properties.find(connection, PLACE) is None:
        await properties.put(connection, PLACE, str(newest))
    whole = {
        **values,
        "workspace_id": actor.workspace_id,
        "owner": actor.owner or "",
        "key_id": actor.key_id,
        "behind": newest,
        "created_at": now,
        "updated_at": now,
    }
    await connection.execute(insert(tables.webhooks).values(whole))
    await note(connection, actor, "webhook.created", whole["id"])
    found = await find(connection, actor.workspace_id, whole["id"])
    assert found is not None  # noqa: S101 - it was written just now
    return found


async def find(connection: AsyncConnection, workspace_id: str, webhook_id: str) -> Webhook | None:
    query = select(tables.webhooks).where(WEBHOOK.id == webhook_id, WEBHOOK.workspace_id == workspace_id)
    row = (await connection.execute(query)).first()
    return None if row is None else msgspec.convert(fields(row), Webhook)


async def count(connection: AsyncConnection, workspace_id: str) -> int:
    query = select(func.count()).select_from(tables.webhooks).where(WEBHOOK.workspace_id == workspace_id)
    return (await connection.execute(query)).scalar() or 0


async def listed(
    connection: AsyncConnection, workspace_id: str, after: int | None, limit: int
) -> list[Webhook]:
    """List webhooks, the newest first."""
    query = select(tables.webhooks).where(WEBHOOK.workspace_id == workspace_id)
    if after is not None:
        query = query.where(WEBHOOK.seq < literal(after, BigInteger))
    rows = await connection.execute(query.order_by(WEBHOOK.seq.desc()).limit(limit))
    return [msgspec.convert(fields(row), Webhook) for row in rows]


async def enabled(connection: AsyncConnection, workspace_ids: Collection[str]) -> list[Webhook]:
    """List the webhooks of these workspaces that are switched on."""
    query = select(tables.webhooks).where(WEBHOOK.workspace_id.in_(workspace_ids), WEBHOOK.enabled)
    rows = await connection.execute(query.order_by(WEBHOOK.seq))
    return [msgspec.convert(fields(row), Webhook) for row in rows]


async def change(
    connection: AsyncConnection, found: Webhook, values: dict[str, Any], action: str, actor: Actor
) -> Webhook:
    """Change it, and return it as it is then; the audit log names the action, and none of the values."""
    values = {**values, "updated_at": clock.now_ms()}
    await connection.execute(update(tables.webhooks).where(WEBHOOK.seq == found.seq).values(values))
    await note(connection, actor, action, found.id)
    return msgspec.structs.replace(found, **values)


async def switch_off(connection: AsyncConnection, webhook_id: str, reason: OffReason) -> None:
    """Switch it off by the gateway itself."""
    query = update(tables.webhooks).where(WEBHOOK.id == webhook_id, WEBHOOK.enabled)
    values = {"enabled": False, "off_reason": reason, "updated_at": clock.now_ms()}
    await connection.execute(query.values(values))


async def remove(connection: AsyncConnection, found: Webhook, actor: Actor) -> None:
    """Delete it with all of its deliveries and their work; attempts under way end without a trace."""
    await ended.drop(connection, KIND, "webhook_id", found.id)
    await connection.execute(delete(tables.deliveries).where(DELIVERY.webhook_id == found.id))
    await connection.execute(delete(tables.webhooks).where(WEBHOOK.seq == found.seq))
    await note(connection, actor, "webhook.deleted", found.id)
