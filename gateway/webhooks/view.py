"""Webhooks and deliveries are shown and asked for like this."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gateway import clock
from gateway.events.event import Kind
from gateway.webhooks.webhook import (
    DESCRIPTION_LENGTH,
    GRACE_SECONDS,
    LONGEST_GRACE,
    TYPES,
    URL_LENGTH,
    Delivery,
    OffReason,
    State,
    Webhook,
)

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=URL_LENGTH)]
Kinds = Annotated[list[Kind], msgspec.Meta(min_length=1, max_length=len(TYPES))]
Description = Annotated[str, msgspec.Meta(max_length=DESCRIPTION_LENGTH)]


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new webhook."""

    url: Url
    events: Kinds
    description: Description = ""
    enabled: bool = True
    standard_headers: bool = False


class WebhookPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    url: Url | UnsetType = UNSET
    events: Kinds | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    standard_headers: bool | UnsetType = UNSET


class SecretBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it may be left out."""

    grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_GRACE)] = GRACE_SECONDS
    finish: bool = False


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It says which deliveries are put on their way anew; times are RFC 3339, with a time zone."""

    since: str
    until: str | None = None
    deliveries: Literal["failed", "all"] = "failed"


class WebhookView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place that is told of events."""

    id: str
    url: str
    events: list[Kind]
    description: str
    enabled: bool
    off_reason: OffReason | None
    standard_headers: bool
    key: str | None
    old_secret_until: str | None
    created_at: str
    updated_at: str
    secret: str | UnsetType = UNSET


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """Shows an event on its way to a webhook; one that has failed is a dead letter."""

    id: str
    webhook: str
    event: str
    type: Kind
    status: State
    attempts: int
    response_status: int | None
    error: str | None
    latency_ms: float | None
    attempted_at: str | None
    next_attempt_at: str | None
    created_at: str
    ended_at: str | None
    body: dict[str, Any]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """So many deliveries were put on their way anew."""

    replayed: int
    next: str | None


def show(webhook: Webhook, secret: str | UnsetType = UNSET) -> WebhookView:
    is_old_there = len(webhook.salts(clock.now_ms())) > 1
    return WebhookView(
        id=webhook.id,
        url=webhook.url,
        events=webhook.events,
        description=webhook.description,
        enabled=webhook.enabled,
        off_reason=webhook.off_reason,
        standard_headers=webhook.standard,
        key=webhook.key_id,
        old_secret_until=clock.iso_or_none(webhook.old_until) if is_old_there else None,
        created_at=clock.iso(webhook.created_at),
        updated_at=clock.iso(webhook.updated_at),
        secret=secret,
    )


def show_delivery(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        webhook=delivery.webhook_id,
        event=delivery.event_id,
        type=delivery.type,
        status=delivery.state,
        attempts=delivery.attempts,
        response_status=delivery.status,
        error=delivery.error,
        latency_ms=delivery.latency_ms,
        attempted_at=clock.iso_or_none(delivery.attempted_at),
        next_attempt_at=clock.iso_or_none(delivery.next_at),
        created_at=clock.iso(delivery.created_at),
        ended_at=clock.iso_or_none(delivery.ended_at),
        body=msgspec.json.decode(delivery.body),
    )
