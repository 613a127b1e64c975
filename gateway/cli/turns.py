"""`persona turns`: list recorded turns, and show one of them with the reasons for its score."""

from contextlib import aclosing

import msgspec
import rich_click as click

from gateway import clock
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import Rows, cell, listing, print_json, printable
from gateway.cli.reasons import reasons_of
from gateway.cli.rooms import Turns
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.personas.name import ModelName
from gateway.turns import view
from gateway.turns.view import TurnDetail

COLUMNS = {
    "TURN": "id",
    "AT": "created_at",
    "MODEL": "model",
    "V": "version",
    "UPSTREAM": "upstream",
    "STATUS": "status",
    "ERROR": "error",
    "TOKENS": "total_tokens",
    "MS": "latency_ms",
    "FIRST MS": "first_byte_ms",
    "TRIES": "attempts",
    "VERDICT": "verdict",
}
LIMIT = 50
HIDDEN = ("explain", "judge")
"""Fields that are told in words."""


@click.group(
    invoke_without_command=True,
    epilog=options.example(
        "persona turns --since 1h",
        "persona turns show msg_0QwErTy1aBcDeFgHiJkL",
        "persona turns --persona the-night-librarian --status failed --json",
        "persona turns --follow --remote",
    ),
)
@on_target
@click.option("--persona", metavar="REF", help="Only turns of this persona, by slug or id.")
@click.option("--status", type=click.Choice(["completed", "failed", "cancelled"]), help="Only these.")
@click.option("--request", metavar="ID", help="Only the turns of this request, by its `X-Request-Id`.")
@click.option(
    "--since",
    metavar="AGE",
    callback=options.age,
    help="Only turns that are younger, such as 30s, 15m, 12h or 7d.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), help=f"How many at most; else {LIMIT}.")
@click.option("--follow", is_flag=True, help="Show turns as they end, until Ctrl-C.")
@options.as_json
async def turns(
    target: Target,
    persona: str | None,
    status: str | None,
    request: str | None,
    since: int | None,
    limit: int | None,
    follow: bool,
    as_json: bool,
) -> None:
    """List recorded turns, and show why one has its score.

    A turn tells who was asked, how it ended, what it took and how far it strayed, but never what was said.
    The newest turn comes first. A running gateway writes its turns about four times a second. With --follow
    turns come in the order in which they end, with --json one object on a line.
    """
    if follow and any(each is not None for each in (since, limit, request)):
        raise click.UsageError(
            "--follow shows what ends from now on, so it takes neither --since, --limit nor --request"
        )
    after = None if since is None else clock.now_ms() - since * 1000
    wanted = Turns(persona=persona, status=status, request_id=request, since=after)
    if follow:
        await _follow(target, wanted, as_json)
        return
    found = await target.turns.listed(wanted, limit or LIMIT)
    if as_json:
        print_json(found)
    else:
        listing([view.record(turn) for turn in found], COLUMNS, as_json=False, empty="no turns yet")


@turns.command(
    epilog=options.example(
        "persona turns show msg_0QwErTy1aBcDeFgHiJkL", "persona turns show msg_0QwErTy1aBcDeFgHiJkL --json"
    )
)
@click.argument("turn_id", metavar="ID")
@options.as_json
@on_target
async def show(target: Target, turn_id: str, as_json: bool) -> None:
    """Show one turn, with the reasons for its score in words. ID is the `msg_…` that the list shows."""
    found = await target.turns.find(turn_id)
    if as_json:
        print_json(found)
        return
    for name, value in view.record(found).items():
        if name not in HIDDEN and value not in (None, False):
            click.echo(f"{name:<20}{cell(value)}")
    reasons = reasons_of(found, await _stored(target, found))
    if reasons:
        click.echo()
    for reason in reasons:
        click.echo(printable(reason))


async def _stored(target: Target, turn: TurnDetail) -> dict[str, str]:
    """Give the sentences of rules and facts by their ids, as far as the persona is still there."""
    if turn.persona is None or turn.version is None or (turn.explain is None and turn.judge is None):
        return {}
    try:
        listed = await target.rules(await target.find(ModelName(turn.persona, version=turn.version)))
    except Failure:
        return {}
    told = {one.id: one.source or one.said for one in listed.facts}
    return told | {one.id: one.source for one in listed.data if one.source is not None}


async def _follow(target: Target, wanted: Turns, as_json: bool) -> None:
    rows = Rows(COLUMNS)
    async with aclosing(target.turns.follow(wanted, ready=_tell)) as ended:
        async for turn in ended:
            if as_json:
                click.echo(msgspec.json.encode(turn))
            else:
                rows.show(view.record(turn))


def _tell() -> None:
    click.echo("Waiting for turns to end; Ctrl-C leaves.", err=True)
