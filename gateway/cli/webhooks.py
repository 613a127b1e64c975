"""`persona webhooks`: places that are told of events, and what is delivered to them."""

from typing import get_args

import msgspec
import rich_click as click
from msgspec import UNSET

from gateway import clock
from gateway.cli import options
from gateway.cli.listing import listing, print_json, written
from gateway.cli.options import example
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.events.event import Kind
from gateway.webhooks.view import (
    DeliveryView,
    ReplayBody,
    SecretBody,
    WebhookBody,
    WebhookPatch,
    WebhookView,
)
from gateway.webhooks.webhook import GRACE_SECONDS, LONGEST_GRACE, TYPES, State

COLUMNS = {
    "WEBHOOK": "id",
    "URL": "url",
    "EVENTS": "events",
    "ENABLED": "enabled",
    "OFF": "off_reason",
    "CREATED": "created_at",
}
DELIVERED = {
    "DELIVERY": "id",
    "EVENT": "event",
    "TYPE": "type",
    "STATUS": "status",
    "ATTEMPTS": "attempts",
    "ANSWER": "response_status",
    "NEXT": "next_attempt_at",
    "ERROR": "error",
}
WEBHOOK = "whk_0QvXb3k2a81FZq05mmPw"
DELIVERY = "whd_0QvXb3k2a81FZq05mmPw"

named = click.argument("webhook", metavar="WEBHOOK")


@click.group(epilog=example("persona webhooks create https://hooks.example.com --event run.completed"))
def webhooks() -> None:
    """Create, list, change, test, rotate and delete webhooks, and look after deliveries."""


@webhooks.command(
    epilog=example(
        "persona webhooks create https://hooks.example.com --event run.completed --event run.failed"
    )
)
@click.argument("place", metavar="URL")
@click.option(
    "--event",
    "events",
    multiple=True,
    required=True,
    type=click.Choice(TYPES),
    help="An event to be told of; may be given several times.",
)
@click.option("--description", default="", help="A note for people.")
@click.option("--standard-headers", is_flag=True, help="Send the headers of Standard Webhooks too.")
@options.as_json
@on_target
async def create(
    target: Target,
    place: str,
    events: tuple[Kind, ...],
    description: str,
    standard_headers: bool,
    as_json: bool,
) -> None:
    """Create a webhook, whose secret is printed this once."""
    wanted = WebhookBody(
        url=place, events=list(events), description=description, standard_headers=standard_headers
    )
    _told(await target.webhooks.create(wanted), target, as_json)


@webhooks.command("list", epilog=example("persona webhooks list", "persona webhooks list --json"))
@options.as_json
@on_target
async def list_(target: Target, as_json: bool) -> None:
    """List webhooks, the newest first."""
    found = [msgspec.to_builtins(each) for each in await target.webhooks.listed()]
    empty = f"there is no webhook {target.where}; `persona webhooks create` makes one"
    listing(found, COLUMNS, as_json=as_json, empty=empty)


@webhooks.command(epilog=example(f"persona webhooks change {WEBHOOK} --off"))
@named
@click.option("--to", "place", metavar="URL", help="Where deliveries go from now on.")
@click.option("--event", "events", multiple=True, type=click.Choice(TYPES), help="In place of those so far.")
@click.option("--description", help="A note for people.")
@click.option("--on/--off", "enabled", default=None, help="Whether it is told of events.")
@options.as_json
@on_target
async def change(
    target: Target,
    webhook: str,
    place: str | None,
    events: tuple[Kind, ...],
    description: str | None,
    enabled: bool | None,
    as_json: bool,
) -> None:
    """Change a webhook; what is not named stays as it is."""
    wanted = WebhookPatch(
        url=UNSET if place is None else place,
        events=list(events) if events else UNSET,
        description=UNSET if description is None else description,
        enabled=UNSET if enabled is None else enabled,
    )
    _told(await target.webhooks.change(webhook, wanted), target, as_json)


@webhooks.command(
    epilog=example(f"persona webhooks rotate {WEBHOOK}", f"persona webhooks rotate {WEBHOOK} --finish")
)
@named
@click.option(
    "--grace",
    type=click.IntRange(0, LONGEST_GRACE),
    default=GRACE_SECONDS,
    show_default=True,
    help="Seconds for which the old secret signs too.",
)
@click.option("--finish", is_flag=True, help="End that time; there is no new secret then.")
@options.as_json
@on_target
async def rotate(target: Target, webhook: str, grace: int, finish: bool, as_json: bool) -> None:
    """Give a webhook a new secret, which is printed this once."""
    wanted = SecretBody(grace_seconds=grace, finish=finish)
    _told(await target.webhooks.rotate(webhook, wanted), target, as_json)


@webhooks.command(epilog=example(f"persona webhooks delete {WEBHOOK}"))
@named
@on_target
async def delete(target: Target, webhook: str) -> None:
    """Delete a webhook with all of its deliveries."""
    await target.webhooks.delete(webhook)
    written(target.place)


@webhooks.command(epilog=example(f"persona webhooks test {WEBHOOK}"))
@named
@options.as_json
@on_target
async def test(target: Target, webhook: str, as_json: bool) -> None:
    """Send the event `webhook.test` to a webhook."""
    _listed([await target.webhooks.test(webhook)], as_json)


@webhooks.command(epilog=example(f"persona webhooks deliveries {WEBHOOK} --status failed"))
@named
@click.option(
    "--status", type=click.Choice(get_args(State)), help="Only these; `failed` lists the dead letters."
)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most."
)
@options.as_json
@on_target
async def deliveries(target: Target, webhook: str, status: State | None, limit: int, as_json: bool) -> None:
    """List what was delivered to a webhook, the newest first."""
    _listed(await target.webhooks.deliveries(webhook, status, limit), as_json)


@webhooks.command(
    epilog=example(
        f"persona webhooks replay {WEBHOOK} {DELIVERY}",
        f"persona webhooks replay {WEBHOOK} --since 2026-11-21T22:00:00Z",
    )
)
@named
@click.argument("delivery", metavar="[DELIVERY]", required=False)
@click.option("--since", metavar="TIME", help="Dead letters that were written from then on; RFC 3339.")
@click.option("--until", metavar="TIME", help="And before then; now unless it is given.")
@click.option("--all", "are_all", is_flag=True, help="What was delivered in that time too.")
@on_target
async def replay(
    target: Target, webhook: str, delivery: str | None, since: str | None, until: str | None, are_all: bool
) -> None:
    """Deliver once more: one delivery, or those of a span of time."""
    if (delivery is None) == (since is None):
        raise click.UsageError("either DELIVERY or --since is needed")
    if delivery is not None:
        _listed([await target.webhooks.replay(webhook, delivery)], False)
        return
    wanted = ReplayBody(
        since=str(since),
        until=until or clock.iso(clock.now_ms()),
        deliveries="all" if are_all else "failed",
    )
    click.echo(f"{await target.webhooks.replay_span(webhook, wanted)} on their way")


def _told(found: WebhookView, target: Target, as_json: bool) -> None:
    """Show a webhook that was written, and its secret where it has a new one."""
    record = msgspec.to_builtins(found)
    if as_json:
        print_json(record)
        return
    listing([record], COLUMNS, as_json=False, empty="")
    if found.secret is not UNSET:
        click.echo(f"secret  {found.secret}")
    written(target.place)


def _listed(found: list[DeliveryView], as_json: bool) -> None:
    listing(msgspec.to_builtins(found), DELIVERED, as_json=as_json, empty="there are no such deliveries")
