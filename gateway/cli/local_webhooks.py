"""Commands work on the webhooks in the store of this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.auth import pepper
from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.errors import Refusal
from gateway.storage.audit import Actor
from gateway.webhooks.managing import Manager
from gateway.webhooks.store import endpoints
from gateway.webhooks.store.deliveries import Wanted
from gateway.webhooks.view import (
    DeliveryView,
    ReplayBody,
    SecretBody,
    WebhookBody,
    WebhookPatch,
    WebhookView,
    show,
    show_delivery,
)
from gateway.webhooks.webhook import State

MOST = 10_000


class LocalWebhooks(LocalRoom):
    """The `Webhooks` of a workspace; whoever sits at the terminal may do everything with them."""

    async def create(self, wanted: WebhookBody) -> WebhookView:
        hasher = await pepper.prepare(self._database, self._config)
        async with self._managing() as manager:
            made, secret = await manager.create(wanted, hasher)
        return show(made, secret)

    async def listed(self) -> list[WebhookView]:
        async with self._database.read() as connection:
            found = await endpoints.listed(connection, self._workspace.id, None, MOST)
        return [show(each) for each in found]

    async def change(self, webhook_id: str, wanted: WebhookPatch) -> WebhookView:
        async with self._managing() as manager:
            return show(await manager.change(webhook_id, wanted))

    async def rotate(self, webhook_id: str, wanted: SecretBody) -> WebhookView:
        hasher = await pepper.prepare(self._database, self._config)
        async with self._managing() as manager:
            changed, secret = await manager.rotate(webhook_id, wanted, hasher)
        return show(changed) if secret is None else show(changed, secret)

    async def delete(self, webhook_id: str) -> None:
        async with self._managing() as manager:
            await manager.remove(webhook_id)

    async def test(self, webhook_id: str) -> DeliveryView:
        async with self._managing() as manager:
            return show_delivery(await manager.test(webhook_id))

    async def deliveries(self, webhook_id: str, status: State | None, limit: int) -> list[DeliveryView]:
        async with self._managing() as manager:
            found = await manager.listed(webhook_id, Wanted(owner=None, state=status), limit)
        return [show_delivery(each) for each in found]

    async def replay(self, webhook_id: str, delivery_id: str) -> DeliveryView:
        async with self._managing() as manager:
            return show_delivery(await manager.replay(webhook_id, delivery_id))

    async def replay_span(self, webhook_id: str, wanted: ReplayBody) -> int:
        total = 0
        while True:
            async with self._managing() as manager:
                count, following = await manager.replay_span(webhook_id, wanted)
            total += count
            if following is None:
                return total

    @asynccontextmanager
    async def _managing(self) -> AsyncIterator[Manager]:
        try:
            async with self._database.write() as connection:
                yield Manager(connection, self._config, Actor(self._workspace.id), may_all=True)
        except Refusal as refusal:
            raise Failure(refusal.message) from None
