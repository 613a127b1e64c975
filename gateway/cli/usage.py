"""`persona usage`: sums of requests, tokens and cost."""

import msgspec
import rich_click as click

from gateway import clock
from gateway.cli import options
from gateway.cli.listing import listing, print_json
from gateway.cli.rooms import Turns
from gateway.cli.target import Target
from gateway.cli.targeting import on_target
from gateway.turns.view import By

COLUMNS = {
    "REQUESTS": "requests",
    "PROMPT": "prompt_tokens",
    "CACHED": "cached_tokens",
    "COMPLETION": "completion_tokens",
    "TOTAL": "total_tokens",
    "USD": "cost_usd",
    "UNPRICED": "unpriced",
}


@click.command(
    epilog=options.example(
        "persona usage --since 30d", "persona usage --by persona --json", "persona usage --by key --remote"
    )
)
@click.option(
    "--by",
    type=click.Choice(["day", "persona", "version", "key", "upstream"]),
    default="day",
    show_default=True,
    help="What is summed up together.",
)
@click.option("--persona", metavar="REF", help="Only turns of this persona, by slug or id.")
@click.option("--since", metavar="AGE", callback=options.age, help="Only turns that are younger, such as 7d.")
@options.as_json
@on_target
async def usage(target: Target, by: By, persona: str | None, since: int | None, as_json: bool) -> None:
    """Sum up requests, tokens and cost.

    What has no price is counted as `unpriced` and is no part of the cost.
    """
    after = None if since is None else clock.now_ms() - since * 1000
    found = await target.turns.usage(by, Turns(persona=persona, since=after))
    if as_json:
        print_json(found)
        return
    columns = {by.upper(): "value", **COLUMNS}
    listing([msgspec.structs.asdict(each) for each in found], columns, as_json=False, empty="no turns yet")
