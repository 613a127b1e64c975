"""Deliveries are written with the work that makes them, and end with it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, bindparam, insert, literal, or_, select, update

from gateway import clock, ids
from gateway.events.event import Event
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.webhooks.webhook import Attempt, Delivery, State, Webhook
from gateway.work.store import rows

DELIVERY, WEBHOOK = tables.deliveries.c, tables.webhooks.c
KIND = "delivery"
ERROR_LENGTH = 200


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Says which deliveries are wanted; times are milliseconds since the epoch, `after` a place."""

    owner: str | None
    """`None` may know of all."""
    state: State | None = None
    since: int | None = None
    until: int | None = None
    after: int | None = None

    def matches(self) -> list[ColumnElement[bool]]:
        chosen: list[ColumnElement[bool]] = []
        if self.owner is not None:
            chosen.append(or_(DELIVERY.owner.is_(None), DELIVERY.owner == self.owner))
        if self.state is not None:
            chosen.append(DELIVERY.state == self.state)
        if self.since is not None:
            chosen.append(DELIVERY.created_at >= self.since)
        if self.until is not None:
            chosen.append(DELIVERY.created_at < self.until)
        if self.after is not None:
            chosen.append(DELIVERY.seq < literal(self.after, BigInteger))
        return chosen


def body_of(event: Event) -> str:
    """Write an event as it is told."""
    told = {
        "id": event.id,
        "type": event.type,
        "created_at": clock.iso(event.created_at),
        "workspace": event.workspace_id,
        "data": event.data,
    }
    return msgspec.json.encode(told).decode()


async def add(connection: AsyncConnection, event: Event, webhooks: Sequence[Webhook]) -> list[str]:
    """Put an event on its way to these webhooks, and return the ids of the deliveries."""
    now, body = clock.now_ms(), body_of(event)
    made = {ids.new("whd"): webhook.id for webhook in webhooks}
    if not made:
        return []
    values = {
        "workspace_id": event.workspace_id,
        "event_id": event.id,
        "type": event.type,
        "owner": event.owner,
        "body": body,
        "state": "waiting",
        "attempts": 0,
        "tries": 0,
        "next_at": now,
        "created_at": now,
    }
    written = [{**values, "id": each, "work_id": each, "webhook_id": made[each]} for each in made]
    await connection.execute(insert(tables.deliveries), written)
    work = [_work(each, each, made[each]) for each in made]
    await rows.enqueue_all(connection, work, KIND, event.workspace_id, event.owner)
    return list(made)


async def again(connection: AsyncConnection, deliveries: Sequence[Delivery]) -> None:
    """Put deliveries that have ended on their way anew, each with all of its attempts."""
    if not deliveries:
        return
    work_ids = {one.id: ids.new("whd") for one in deliveries}
    values = {"state": "waiting", "tries": 0, "next_at": clock.now_ms(), "ended_at": None}
    query = update(tables.deliveries).where(DELIVERY.id == bindparam("which"))
    changed = [{"which": each, "with_work": work_id} for each, work_id in work_ids.items()]
    await connection.execute(query.values(**values, work_id=bindparam("with_work")), changed)
    for workspace_id, owner in {(one.workspace_id, one.owner) for one in deliveries}:
        theirs = [one for one in deliveries if (one.workspace_id, one.owner) == (workspace_id, owner)]
        work = [_work(work_ids[one.id], one.id, one.webhook_id) for one in theirs]
        await rows.enqueue_all(connection, work, KIND, workspace_id, owner)


def _work(work_id: str, delivery_id: str, webhook_id: str) -> tuple[str, dict[str, Any]]:
    return work_id, {"delivery_id": delivery_id, "webhook_id": webhook_id}


async def find(connection: AsyncConnection, webhook_id: str, delivery_id: str) -> Delivery | None:
    query = select(tables.deliveries).where(DELIVERY.id == delivery_id, DELIVERY.webhook_id == webhook_id)
    row = (await connection.execute(query)).first()
    return None if row is None else msgspec.convert(fields(row), Delivery)


async def of_work(connection: AsyncConnection, delivery_id: str) -> tuple[Delivery, Webhook] | None:
    """Find a delivery and its webhook; `None` where they were deleted."""
    found = (await connection.execute(select(tables.deliveries).where(DELIVERY.id == delivery_id))).first()
    if found is None:
        return None
    delivery = msgspec.convert(fields(found), Delivery)
    query = select(tables.webhooks).where(WEBHOOK.id == delivery.webhook_id)
    row = (await connection.execute(query)).first()
    return None if row is None else (delivery, msgspec.convert(fields(row), Webhook))


async def listed(connection: AsyncConnection, webhook_id: str, wanted: Wanted, limit: int) -> list[Delivery]:
    """List deliveries, the newest first."""
    query = select(tables.deliveries).where(DELIVERY.webhook_id == webhook_id, *wanted.matches())
    found = await connection.execute(query.order_by(DELIVERY.seq.desc()).limit(limit))
    return [msgspec.convert(fields(row), Delivery) for row in found]


async def ended(connection: AsyncConnection, webhook_id: str, wanted: Wanted, limit: int) -> list[Delivery]:
    """List the deliveries that have ended, the oldest first, which is the order to replay them in."""
    query = select(tables.deliveries).where(DELIVERY.webhook_id == webhook_id, DELIVERY.state != "waiting")
    found = await connection.execute(query.where(*wanted.matches()).order_by(DELIVERY.seq).limit(limit))
    return [msgspec.convert(fields(row), Delivery) for row in found]


async def attempted(
    connection: AsyncConnection,
    delivery_id: str,
    attempt: Attempt,
    state: State,
    next_at: int | None = None,
) -> None:
    """Note an attempt, and how the delivery stands after it."""
    values: dict[str, Any] = {
        "state": state,
        "attempts": DELIVERY.attempts + 1,
        "tries": DELIVERY.tries + 1,
        "status": attempt.status,
        "error": None if attempt.error is None else attempt.error[:ERROR_LENGTH],
        "latency_ms": attempt.latency_ms,
        "attempted_at": attempt.at,
        "next_at": next_at,
        "ended_at": None if state == "waiting" else clock.now_ms(),
    }
    await _change(connection, delivery_id, values)


async def put_off(connection: AsyncConnection, delivery_id: str, next_at: int) -> None:
    """Say when the next attempt is made."""
    await _change(connection, delivery_id, {"state": "waiting", "next_at": next_at, "ended_at": None})


async def give_up(connection: AsyncConnection, delivery_id: str, error: str) -> None:
    """Make a dead letter of it without another attempt."""
    values = {"state": "failed", "error": error, "next_at": None, "ended_at": clock.now_ms()}
    await _change(connection, delivery_id, values)


async def _change(connection: AsyncConnection, delivery_id: str, values: dict[str, Any]) -> None:
    await connection.execute(update(tables.deliveries).where(DELIVERY.id == delivery_id).values(values))
