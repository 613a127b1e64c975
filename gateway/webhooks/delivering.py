"""A delivery is work: it is signed and sent until it is taken, and a dead letter after the last attempt."""

import random
import time
from typing import Any

import msgspec

from gateway import clock
from gateway.auth import pepper
from gateway.auth.allowance import Allowance
from gateway.auth.keys import Hasher
from gateway.config import Config
from gateway.egress.fetcher import Fetcher, Limits
from gateway.egress.target import EgressError
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.webhooks import signing
from gateway.webhooks.store import deliveries, endpoints
from gateway.webhooks.store.deliveries import KIND
from gateway.webhooks.webhook import Attempt, Delivery, Webhook
from gateway.work.work import Course, Error, FailedError, Kind, LaterError, Work, Write

SPREAD = 0.2
"""The part of a pause by which it is longer or shorter, so that receivers that come back are not run over."""
CONNECTIONS = 1000
"""Attempts at the same time in each process, for all webhooks together; more wait within their own time."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One step gives this: it has made an attempt, or was in vain."""

    attempt: Attempt | None = None
    again: float | None = None
    """Seconds until the next attempt; `None` where there is none."""
    dropped: str | None = None
    """Says why nothing was sent, and nothing will be."""


class Delivering:
    """Makes deliveries in one work process."""

    def __init__(
        self, config: Config, database: Database, allowance: Allowance, dice: random.Random | None = None
    ) -> None:
        self._config = config
        self._settings = config.webhooks
        self._database = database
        self._allowance = allowance
        self._dice = dice or random.Random()  # noqa: S311 - it spreads load only
        self._fetcher = Fetcher(config.egress, connections=CONNECTIONS)
        self._hasher: Hasher | None = None

    def kind(self) -> Kind:
        """Describe deliveries to those who do work; each webhook has a lane of its own."""
        return Kind(
            name=KIND,
            perform=self.perform,
            give_up=give_up,
            take_up=take_up,
            lane=lambda work: str(work.data["webhook_id"]),
        )

    async def perform(self, work: Work, course: Course) -> Write:
        """Make one attempt. Raises LaterError and FailedError."""
        outcome = msgspec.convert(await course.step("send", lambda: self._send(work, course)), Outcome)
        attempt = outcome.attempt
        if attempt is None or attempt.error is not None:
            error = _error(attempt, outcome.dropped)
            if outcome.again is None:
                raise FailedError(error)
            raise LaterError(outcome.again, error)

        async def write(connection: AsyncConnection) -> None:
            await deliveries.attempted(connection, str(work.data["delivery_id"]), attempt, "delivered")

        return write

    async def _send(self, work: Work, course: Course) -> Any:
        """Send it once the plan has room; what waits in its lane behind it costs nothing meanwhile."""
        delivery_id = str(work.data["delivery_id"])
        while True:
            async with self._database.read() as connection:
                found = await deliveries.of_work(connection, delivery_id)
            outcome = await self._outcome(work, found)
            if isinstance(outcome, Outcome):
                return msgspec.to_builtins(outcome)
            async with self._database.write() as connection:
                found = await deliveries.of_work(connection, delivery_id)
                if found is not None and found[0].work_id == work.id:
                    at = clock.now_ms() + int(outcome * 1000)
                    await deliveries.put_off(connection, delivery_id, at)
            await course.pause(outcome)

    async def _outcome(self, work: Work, found: tuple[Delivery, Webhook] | None) -> Outcome | float:
        """Make an attempt, or give the seconds until the plan may have room."""
        if found is None:
            return Outcome(dropped="the webhook was deleted")
        delivery, webhook = found
        if delivery.work_id != work.id:
            return Outcome(dropped="the delivery goes another way by now")
        if not webhook.enabled:
            return Outcome(dropped="the webhook is switched off")
        if self._hasher is None:
            self._hasher = pepper.hasher(self._config)
        if signing.mark_of(self._hasher, webhook.salt) != webhook.mark:
            return Outcome(dropped="the secret is lost with the pepper; rotate it")
        if wait := await self._allowance.wait("deliveries", webhook.workspace_id, webhook.key_id):
            return wait
        attempt = await self._attempt(delivery, webhook, self._hasher)
        pauses = self._settings.retries
        if attempt.error is None or attempt.is_gone or delivery.tries >= len(pauses):
            return Outcome(attempt=attempt)
        spread = 1 + SPREAD * (2 * self._dice.random() - 1)
        return Outcome(attempt=attempt, again=pauses[delivery.tries] * spread)

    async def _attempt(self, delivery: Delivery, webhook: Webhook, hasher: Hasher) -> Attempt:
        """Sign and send a delivery, once."""
        body, now, began = delivery.body.encode(), clock.now_ms(), time.monotonic()
        secrets = [signing.secret_of(hasher, salt) for salt in webhook.salts(now)]
        signed = signing.headers(secrets, delivery.event_id, body, now // 1000, standard=webhook.standard)
        sent = {"content-type": "application/json", "persona-delivery": delivery.id, **signed}
        limits = Limits(seconds=self._settings.timeout)
        status, error = None, None
        try:
            answer = await self._fetcher.fetch(
                webhook.url, method="POST", headers=sent, body=body, limits=limits
            )
            status = answer.status
            if not 200 <= status < 300:
                error = f"the receiver answers with the status {status}"
        except EgressError as refused:
            error = str(refused)
        latency = round((time.monotonic() - began) * 1000, 1)
        return Attempt(at=now, latency_ms=latency, status=status, error=error)


async def give_up(connection: AsyncConnection, work: Work) -> None:
    """Note how an attempt has ended that was not taken."""
    delivery_id, error = str(work.data["delivery_id"]), work.error or {}
    found = await deliveries.of_work(connection, delivery_id)
    if found is None or found[0].work_id != work.id:
        return
    attempt = msgspec.convert(error["attempt"], Attempt) if "attempt" in error else None
    if work.state == "waiting" and attempt is not None:
        await deliveries.attempted(connection, delivery_id, attempt, "waiting", work.due_at)
    elif attempt is not None:
        await deliveries.attempted(connection, delivery_id, attempt, "failed")
        if attempt.is_gone:
            await endpoints.switch_off(connection, str(work.data["webhook_id"]), "gone")
    else:
        reason = "it was cancelled" if work.state == "cancelled" else str(error.get("message", ""))
        await deliveries.give_up(connection, delivery_id, reason)


async def take_up(connection: AsyncConnection, work: Work) -> None:
    """Put a dead letter whose work is tried again on its way anew."""
    delivery_id = str(work.data["delivery_id"])
    found = await deliveries.of_work(connection, delivery_id)
    if found is not None and found[0].work_id == work.id:
        await deliveries.put_off(connection, delivery_id, clock.now_ms())


def _error(attempt: Attempt | None, dropped: str | None) -> Error:
    """Say what went wrong to those who look at the work."""
    message = dropped if attempt is None else attempt.error
    error: Error = {"code": "webhook.undelivered", "type": "webhook", "message": f"Not delivered: {message}."}
    return error if attempt is None else {**error, "attempt": msgspec.to_builtins(attempt)}
