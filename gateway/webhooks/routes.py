"""These are the routes `/v1/webhooks`."""

from typing import Annotated

from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Parameter, SkipValidation
from msgspec import UNSET

from gateway import clock
from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.auth.keys import Hasher
from gateway.config import Config
from gateway.errors import Fault
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.storage.connection import AsyncConnection
from gateway.webhooks.managing import Manager
from gateway.webhooks.store import endpoints
from gateway.webhooks.store.deliveries import Wanted
from gateway.webhooks.view import (
    DeliveryView,
    ReplayBody,
    Replayed,
    SecretBody,
    WebhookBody,
    WebhookPatch,
    WebhookView,
    show,
    show_delivery,
)
from gateway.webhooks.webhook import State

SCOPE = "webhooks:manage"
READING = {"scope": SCOPE, "faults": (Fault.WEBHOOK_UNKNOWN,)}
MAKING = {"scope": SCOPE, "faults": (Fault.WEBHOOK_UNACCEPTABLE, Fault.WEBHOOK_TOO_MANY)}
CHANGING = {
    "scope": SCOPE,
    "faults": (Fault.WEBHOOK_UNKNOWN, Fault.WEBHOOK_UNACCEPTABLE, Fault.WEBHOOK_FOREIGN),
}
ROTATING = {"scope": SCOPE, "faults": (Fault.WEBHOOK_UNKNOWN, Fault.WEBHOOK_FOREIGN)}
TESTING = {"scope": SCOPE, "faults": (Fault.WEBHOOK_UNKNOWN, Fault.WEBHOOK_OFF)}
REPLAYING = {
    "scope": SCOPE,
    "faults": (Fault.WEBHOOK_UNKNOWN, Fault.WEBHOOK_OFF, Fault.DELIVERY_UNKNOWN, Fault.DELIVERY_OPEN),
}
SPANNING = {
    "scope": SCOPE,
    "faults": (Fault.WEBHOOK_UNKNOWN, Fault.WEBHOOK_OFF, Fault.WEBHOOK_UNACCEPTABLE),
}
SEQ = "[0-9]{1,18}"
KeyHasher = NamedDependency[SkipValidation[Hasher]]


@post("/", opt=MAKING, summary="Create a webhook, whose secret is shown this once")
async def create_webhook(
    request: AnyRequest, database: Store, config: Settings, hasher: KeyHasher, data: WebhookBody
) -> WebhookView:
    """It is told of events that happen from now on. Those of private personas go to it only where the same
    key, or one that it has replaced, owns the persona."""
    async with database.write(still_there(request.scope)) as connection:
        made, secret = await _manager(connection, config, request).create(data, hasher)
    return show(made, secret)


@get("/", opt={"scope": SCOPE}, summary="List webhooks")
async def list_webhooks(
    request: AnyRequest, database: Store, limit: Limit = 50, after: After = None
) -> Page[WebhookView]:
    require_cursor(after, SEQ)
    async with database.read() as connection:
        found = await endpoints.listed(
            connection, caller_of(request).workspace_id, int(after) if after else None, limit + 1
        )
    return page(found, limit, show, lambda webhook: str(webhook.seq))


@get("/{webhook_id:str}", opt=READING, summary="Read a webhook")
async def read_webhook(
    request: AnyRequest, database: Store, config: Settings, webhook_id: str
) -> WebhookView:
    async with database.read() as connection:
        return show(await _manager(connection, config, request).find(webhook_id))


@patch("/{webhook_id:str}", opt=CHANGING, summary="Change a webhook")
async def change_webhook(
    request: AnyRequest, database: Store, config: Settings, webhook_id: str, data: WebhookPatch
) -> WebhookView:
    """Keys of another owner than the one that made it may only switch it off."""
    async with database.write(still_there(request.scope)) as connection:
        return show(await _manager(connection, config, request).change(webhook_id, data))


@delete("/{webhook_id:str}", opt=READING, summary="Delete a webhook and its deliveries")
async def delete_webhook(request: AnyRequest, database: Store, config: Settings, webhook_id: str) -> None:
    async with database.write(still_there(request.scope)) as connection:
        await _manager(connection, config, request).remove(webhook_id)


@post("/{webhook_id:str}/rotate", opt=ROTATING, summary="Replace a webhook's secret")
async def rotate_webhook(
    request: AnyRequest,
    database: Store,
    config: Settings,
    hasher: KeyHasher,
    webhook_id: str,
    data: SecretBody | None = None,
) -> WebhookView:
    """Both secrets sign for the grace time, the old one first, and `finish` ends that time. The new secret
    is shown this once."""
    wanted = data or SecretBody()
    async with database.write(still_there(request.scope)) as connection:
        changed, secret = await _manager(connection, config, request).rotate(webhook_id, wanted, hasher)
    return show(changed, UNSET if secret is None else secret)


@post("/{webhook_id:str}/test", opt=TESTING, status_code=202, summary="Send a test to a webhook")
async def check_webhook(
    request: AnyRequest, database: Store, config: Settings, webhook_id: str
) -> DeliveryView:
    """The event `webhook.test` goes to this webhook, whatever events it wants."""
    async with database.write(still_there(request.scope)) as connection:
        return show_delivery(await _manager(connection, config, request).test(webhook_id))


@get("/{webhook_id:str}/deliveries", opt=READING, summary="List what was delivered to a webhook")
async def list_deliveries(
    request: AnyRequest,
    database: Store,
    config: Settings,
    webhook_id: str,
    status: Annotated[
        State | None, Parameter(description="Only these; `failed` lists the dead letters.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[DeliveryView]:
    """Deliveries are kept for 30 days. Those of another owner's private personas are left out."""
    require_cursor(after, SEQ)
    async with database.read() as connection:
        manager = _manager(connection, config, request)
        wanted = Wanted(owner=manager.owner, state=status, after=int(after) if after else None)
        found = await manager.listed(webhook_id, wanted, limit + 1)
    return page(found, limit, show_delivery, lambda delivery: str(delivery.seq))


@post(
    "/{webhook_id:str}/deliveries/{delivery_id:str}/replay",
    opt=REPLAYING,
    status_code=202,
    summary="Deliver once more",
)
async def replay_delivery(
    request: AnyRequest, database: Store, config: Settings, webhook_id: str, delivery_id: str
) -> DeliveryView:
    """The same event, under the same id, is put on its way anew, with all attempts before it."""
    async with database.write(still_there(request.scope)) as connection:
        return show_delivery(await _manager(connection, config, request).replay(webhook_id, delivery_id))


@post("/{webhook_id:str}/replay", opt=SPANNING, status_code=202, summary="Deliver a span of time once more")
async def replay_deliveries(
    request: AnyRequest, database: Store, config: Settings, webhook_id: str, data: ReplayBody
) -> Replayed:
    """The oldest thousand are put on their way anew; `next` goes into `since` for the others."""
    async with database.write(still_there(request.scope)) as connection:
        count, following = await _manager(connection, config, request).replay_span(webhook_id, data)
    return Replayed(replayed=count, next=clock.iso_or_none(following))


def _manager(connection: AsyncConnection, config: Config, request: AnyRequest) -> Manager:
    return Manager(connection, config, actor_of(request), may_all=False)


def router() -> Router:
    """Make the routes of webhooks."""
    handlers = [
        create_webhook,
        list_webhooks,
        read_webhook,
        change_webhook,
        delete_webhook,
        rotate_webhook,
        check_webhook,
        list_deliveries,
        replay_delivery,
        replay_deliveries,
    ]
    return Router("/webhooks", route_handlers=handlers, tags=["Webhooks"])
