"""Commands work on the webhooks of a gateway somewhere else."""

from urllib.parse import quote

import msgspec

from gateway.cli.api import RemoteRoom
from gateway.webhooks.view import (
    DeliveryView,
    ReplayBody,
    Replayed,
    SecretBody,
    WebhookBody,
    WebhookPatch,
    WebhookView,
)
from gateway.webhooks.webhook import State

PLACE = "/v1/webhooks"


class RemoteWebhooks(RemoteRoom):
    """The `Webhooks` of the key's workspace."""

    async def create(self, wanted: WebhookBody) -> WebhookView:
        return (await self._api.call("POST", PLACE, body=wanted)).read(WebhookView)

    async def listed(self) -> list[WebhookView]:
        return await self._api.pages(PLACE, WebhookView)

    async def change(self, webhook_id: str, wanted: WebhookPatch) -> WebhookView:
        return (await self._api.call("PATCH", _place(webhook_id), body=wanted)).read(WebhookView)

    async def rotate(self, webhook_id: str, wanted: SecretBody) -> WebhookView:
        return (await self._api.call("POST", _place(webhook_id, "rotate"), body=wanted)).read(WebhookView)

    async def delete(self, webhook_id: str) -> None:
        await self._api.call("DELETE", _place(webhook_id))

    async def test(self, webhook_id: str) -> DeliveryView:
        return (await self._api.call("POST", _place(webhook_id, "test"))).read(DeliveryView)

    async def deliveries(self, webhook_id: str, status: State | None, limit: int) -> list[DeliveryView]:
        query = {} if status is None else {"status": str(status)}
        return await self._api.pages(_place(webhook_id, "deliveries"), DeliveryView, query, limit)

    async def replay(self, webhook_id: str, delivery_id: str) -> DeliveryView:
        place = _place(webhook_id, "deliveries", delivery_id, "replay")
        return (await self._api.call("POST", place)).read(DeliveryView)

    async def replay_span(self, webhook_id: str, wanted: ReplayBody) -> int:
        total = 0
        while True:
            answer = await self._api.call("POST", _place(webhook_id, "replay"), body=wanted)
            found = answer.read(Replayed)
            total += found.replayed
            if found.next is None:
                return total
            wanted = msgspec.structs.replace(wanted, since=found.next)


def _place(*parts: str) -> str:
    return "/".join([PLACE, *[quote(part, safe="") for part in parts]])
