"""`persona turns`: list what was asked and how it ended."""

from contextlib import aclosing

import msgspec
import rich_click as click

from gateway import clock
from gateway.cli import options
from gateway.cli.listing import Rows, listing
from gateway.cli.target import Target, Turns, on_target
from gateway.turns import view

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


@click.command(
    epilog=options.example(
        "persona turns --since 1h",
        "persona turns --persona the-night-librarian --status failed --json",
        "persona turns --follow --remote",
    )
)
@on_target
@click.option("--persona", metavar="REF", help="Only turns of this persona, by slug or id.")
@click.option("--status", type=click.Choice(["completed", "failed", "cancelled"]), help="Only these.")
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
    since: int | None,
    limit: int | None,
    follow: bool,
    as_json: bool,
) -> None:
    """List what was asked and how it ended.

    The newest turn comes first. A running gateway writes its turns about four times a second. With --follow
    turns come in the order in which they end, with --json one object on a line.
    """
    if follow and (since is not None or limit is not None):
        raise click.UsageError(
            "--follow shows what ends from now on, so it takes neither --since nor --limit"
        )
    after = None if since is None else clock.now_ms() - since * 1000
    wanted = Turns(persona=persona, status=status, since=after)
    if follow:
        await _follow(target, wanted, as_json)
        return
    records = [view.record(turn) for turn in await target.turns(wanted, limit or LIMIT)]
    listing(records, COLUMNS, as_json=as_json, empty="no turns yet")


async def _follow(target: Target, wanted: Turns, as_json: bool) -> None:
    rows = Rows(COLUMNS)
    async with aclosing(target.follow(wanted, ready=_tell)) as ended:
        async for turn in ended:
            record = view.record(turn)
            if as_json:
                click.echo(msgspec.json.encode(record))
            else:
                rows.show(record)


def _tell() -> None:
    click.echo("Waiting for turns to end; Ctrl-C leaves.", err=True)
