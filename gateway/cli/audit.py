"""`persona audit`: who did what to which record."""

import msgspec
import rich_click as click

from gateway.cli import options
from gateway.cli.listing import listing, print_json
from gateway.cli.target import Sought, Target
from gateway.cli.targeting import on_target

COLUMNS = {"AT": "at", "ACTION": "action", "SUBJECT": "subject", "KEY": "key", "DETAILS": "told"}
LIMIT = 50


@click.command(
    epilog=options.example(
        "persona audit --action label.", "persona audit --subject psn_0QvXb3k2a81FZq05mmPw --json"
    )
)
@click.option("--subject", metavar="ID", help="Only what was done to this record.")
@click.option("--action", metavar="WORD", help="Only this action, or those that begin so, such as `label.`.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=LIMIT, show_default=True, help="How many at most."
)
@options.as_json
@on_target
async def audit(target: Target, subject: str | None, action: str | None, limit: int, as_json: bool) -> None:
    """List who did what to which record.

    The newest entry comes first. Without a key it was done at a terminal.
    """
    found = await target.audit(Sought(subject=subject, action=action), limit)
    if as_json:
        print_json(found)
        return
    rows = [{**msgspec.structs.asdict(one), "told": _told(one.details)} for one in found]
    listing(rows, COLUMNS, as_json=False, empty=f"nothing of the kind was done {target.where}")


def _told(details: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in details.items() if value is not None)
