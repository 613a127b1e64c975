"""The route `/v1/alerts` lists alerts."""

import msgspec
from litestar import Router, get

from gateway import clock
from gateway.alerts import store
from gateway.alerts.alert import Alert
from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.page import After, Limit, Page, page, require_cursor


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """Too many of a version's answers were out of character."""

    event: str
    persona: str
    version: int
    share: float
    turns: int
    threshold: float
    window_hours: int
    created_at: str
    recovered_at: str | None


def show(alert: Alert) -> AlertView:
    return AlertView(
        event=alert.event_id,
        persona=alert.persona_id,
        version=alert.version,
        share=alert.share,
        turns=alert.turns,
        threshold=alert.threshold,
        window_hours=alert.window_hours,
        created_at=clock.iso(alert.fired_at),
        recovered_at=clock.iso_or_none(alert.recovered_at),
    )


@get("/", opt={"scope": "personas:read"}, summary="List alerts")
async def list_alerts(
    request: AnyRequest, database: Store, limit: Limit = 50, after: After = None
) -> Page[AlertView]:
    """An alert opens when a version's share of answers out of character reaches the threshold of `[alerts]`,
    and may open again once it has recovered. Those of private personas are shown to their owner alone."""
    caller = caller_of(request)
    require_cursor(after, "[0-9]{1,18}")
    async with database.read() as connection:
        found = await store.listed(
            connection, caller.workspace_id, caller.owner, int(after) if after else None, limit + 1
        )
    return page(found, limit, show, lambda alert: str(alert.seq))


def router() -> Router:
    return Router("/alerts", route_handlers=[list_alerts], tags=["Turns"])
