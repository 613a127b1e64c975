"""Webhooks are made, changed, tested and replayed by those who may."""

from datetime import datetime
from typing import Any

from msgspec import UNSET

from gateway import clock, ids
from gateway.auth.keys import Hasher
from gateway.config import Config
from gateway.egress.target import EgressError, named, target
from gateway.errors import Detail, Fault, Refusal
from gateway.events import store as events
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.webhooks import signing
from gateway.webhooks.store import deliveries, endpoints
from gateway.webhooks.store.deliveries import Wanted
from gateway.webhooks.view import ReplayBody, SecretBody, WebhookBody, WebhookPatch
from gateway.webhooks.webhook import MOST, TEST, Delivery, Webhook

AT_ONCE = 1000
"""Deliveries that one request puts on their way anew."""


class Manager:
    """Does what one actor asks for in its workspace; every method raises Refusal."""

    def __init__(self, connection: AsyncConnection, config: Config, actor: Actor, *, may_all: bool) -> None:
        """`may_all` tells that somebody sits at the terminal, who may change what others have made."""
        self._connection = connection
        self._config = config
        self._actor = actor
        self._may_all = may_all

    @property
    def owner(self) -> str | None:
        """The owner to whom deliveries are shown; `None` sees all."""
        return None if self._may_all else (self._actor.owner or "")

    async def find(self, webhook_id: str) -> Webhook:
        found = await endpoints.find(self._connection, self._actor.workspace_id, webhook_id)
        if found is None:
            raise Refusal(Fault.WEBHOOK_UNKNOWN)
        return found

    async def create(self, wanted: WebhookBody, hasher: Hasher) -> tuple[Webhook, str]:
        """Make a webhook, and give its secret, which nobody is shown again."""
        self._require_reachable(wanted.url)
        if await endpoints.count(self._connection, self._actor.workspace_id) >= MOST:
            raise Refusal(Fault.WEBHOOK_TOO_MANY)
        salt = signing.new_salt()
        values = {
            "id": ids.new("whk"),
            "url": wanted.url,
            "events": _distinct(wanted.events),
            "description": _plain(wanted.description),
            "enabled": wanted.enabled,
            "standard": wanted.standard_headers,
            "salt": salt,
            "mark": signing.mark_of(hasher, salt),
        }
        made = await endpoints.create(self._connection, values, self._actor)
        return made, signing.secret_of(hasher, salt)

    async def change(self, webhook_id: str, wanted: WebhookPatch) -> Webhook:
        found = await self.find(webhook_id)
        given: dict[str, Any] = {
            "url": wanted.url,
            "events": UNSET if wanted.events is UNSET else _distinct(wanted.events),
            "description": UNSET if wanted.description is UNSET else _plain(wanted.description),
            "enabled": wanted.enabled,
            "standard": wanted.standard_headers,
        }
        values = {name: value for name, value in given.items() if value is not UNSET}
        if values != {"enabled": False}:
            self._require_own(found)
        if not values:
            return found
        if wanted.url is not UNSET:
            self._require_reachable(wanted.url)
        if "enabled" in values:
            values["off_reason"] = None
            if wanted.enabled is True and not found.enabled:
                # What has happened while it was off is not told.
                values["behind"] = await events.newest(self._connection)
        return await endpoints.change(self._connection, found, values, "webhook.changed", self._actor)

    async def rotate(self, webhook_id: str, wanted: SecretBody, hasher: Hasher) -> tuple[Webhook, str | None]:
        """Give it a new secret, beside which the old one signs for the grace time, or end that time."""
        found = await self.find(webhook_id)
        self._require_own(found)
        values: dict[str, Any] = {"old_salt": None, "old_until": None}
        if wanted.finish:
            changed = await endpoints.change(
                self._connection, found, values, "webhook.rotation_finished", self._actor
            )
            return changed, None
        now, salt = clock.now_ms(), signing.new_salt()
        if wanted.grace_seconds:
            # Receivers still know the oldest secret that signs; one that nobody may have put in yet goes.
            values = {"old_salt": found.salts(now)[0], "old_until": now + wanted.grace_seconds * 1000}
        values |= {"salt": salt, "mark": signing.mark_of(hasher, salt)}
        changed = await endpoints.change(self._connection, found, values, "webhook.rotated", self._actor)
        return changed, signing.secret_of(hasher, salt)

    async def remove(self, webhook_id: str) -> None:
        await endpoints.remove(self._connection, await self.find(webhook_id), self._actor)

    async def test(self, webhook_id: str) -> Delivery:
        """Put an event on its way that says nothing but that deliveries arrive."""
        found = await self._switched_on(webhook_id)
        event = await events.record_whole(
            self._connection, TEST, found.workspace_id, found.owner, webhook_id=found.id
        )
        (delivery_id,) = await deliveries.add(self._connection, event, [found])
        return await self._delivery(found, delivery_id)

    async def listed(self, webhook_id: str, wanted: Wanted, limit: int) -> list[Delivery]:
        found = await self.find(webhook_id)
        return await deliveries.listed(self._connection, found.id, wanted, limit)

    async def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        found = await self._switched_on(webhook_id)
        delivery = await self._delivery(found, delivery_id)
        if delivery.state == "waiting":
            raise Refusal(Fault.DELIVERY_OPEN)
        await deliveries.again(self._connection, [delivery])
        return await self._delivery(found, delivery_id)

    async def replay_span(self, webhook_id: str, wanted: ReplayBody) -> tuple[int, int | None]:
        """Replay what was written within a span of time; tells how many, and since when there are more."""
        found = await self._switched_on(webhook_id)
        chosen = Wanted(
            owner=self.owner,
            state="failed" if wanted.deliveries == "failed" else None,
            since=_ms(wanted.since, "since"),
            until=None if wanted.until is None else _ms(wanted.until, "until"),
        )
        ended = await deliveries.ended(self._connection, found.id, chosen, AT_ONCE + 1)
        await deliveries.again(self._connection, ended[:AT_ONCE])
        rest = ended[AT_ONCE:]
        return min(len(ended), AT_ONCE), rest[0].created_at if rest else None

    async def _switched_on(self, webhook_id: str) -> Webhook:
        found = await self.find(webhook_id)
        if not found.enabled:
            raise Refusal(Fault.WEBHOOK_OFF)
        return found

    async def _delivery(self, webhook: Webhook, delivery_id: str) -> Delivery:
        found = await deliveries.find(self._connection, webhook.id, delivery_id)
        if found is None or not found.is_shown_to(self.owner):
            raise Refusal(Fault.DELIVERY_UNKNOWN)
        return found

    def _require_own(self, found: Webhook) -> None:
        """What its owner alone may know goes to its URL, so that nobody else may change where that is."""
        if not self._may_all and found.owner != self._actor.owner:
            raise Refusal(Fault.WEBHOOK_FOREIGN)

    def _require_reachable(self, url: str) -> None:
        try:
            target(url, set(map(named, self._config.egress.allow)))
        except EgressError as error:
            raise _unacceptable("url", str(error)) from None


def _distinct(kinds: list[Any]) -> list[Any]:
    return list(dict.fromkeys(kinds))


def _plain(description: str) -> str:
    if "\0" in description:
        raise _unacceptable("description", "no NUL")
    return description


def _ms(text: str, name: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _unacceptable(name, "a time with a time zone, such as `2030-01-01T00:00:00Z`")
    return int(found.timestamp() * 1000)


def _unacceptable(place: str, problem: str) -> Refusal:
    details = [Detail([place], problem, "value_error")]
    return Refusal(Fault.WEBHOOK_UNACCEPTABLE, f"`{place}`: {problem}.", details=details)
