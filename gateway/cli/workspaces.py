"""`persona workspaces`: create and list workspaces, and give them plans."""

import re

import rich_click as click

from gateway import clock
from gateway.auth import store as auth
from gateway.auth.keys import Mode
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import listing, written
from gateway.cli.opening import Opened, on_store
from gateway.cli.options import example
from gateway.limits.plans import Plans

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
COLUMNS = {"ID": "id", "NAME": "name", "MODE": "mode", "CREATED": "created_at"}


@click.group(epilog=example("persona workspaces create acme"))
def workspaces() -> None:
    """Create and list workspaces, and give them plans."""


def _name(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    if not NAME.fullmatch(text):
        raise click.BadParameter("1 to 64 letters, digits, `-`, `_` and `.` are needed")
    return text


@workspaces.command(
    epilog=example("persona workspaces create acme", "persona workspaces create acme-test --mode test")
)
@click.argument("name", callback=_name)
@click.option(
    "--mode",
    type=click.Choice(["live", "test"]),
    default="live",
    show_default=True,
    help="What its keys start with: pk_live_ or pk_test_. It never changes.",
)
@on_store
async def create(store: Opened, name: str, mode: Mode) -> None:
    """Make a workspace, a tenant with personas and keys of its own."""
    async with store.database.write() as connection:
        if await auth.workspace(connection, name):
            raise Failure(f"there is a workspace `{name}` already")
        made = await auth.create_workspace(connection, name, mode)
    click.echo(f"{made.name} {made.id} ({made.mode})")
    written(store.database.place)


@workspaces.command(epilog=example("persona workspaces plan acme", "persona workspaces plan acme pro"))
@click.argument("name", callback=_name)
@click.argument("plan", required=False)
@click.option("--none", "is_none", is_flag=True, help="Leave its plan to the configuration.")
@on_store
async def plan(store: Opened, name: str, plan: str | None, is_none: bool) -> None:
    """Show a workspace's plan, or give it another one, which holds at once."""
    plans = Plans(store.config)
    if plan is not None and plan not in plans.known:
        raise Failure(f"there is no plan `{plan}`; there are: {', '.join(plans.known)}")
    async with store.database.write() as connection:
        found = await auth.workspace(connection, name)
        if found is None:
            raise Failure(f"there is no workspace `{name}`")
        if plan is not None or is_none:
            found = await auth.set_plan(connection, found, None if is_none else plan)
    click.echo(plans.name(found.name, found.plan) or "no plan, and so no limits")
    if plan is not None or is_none:
        written(store.database.place)


@workspaces.command("list", epilog=example("persona workspaces list", "persona workspaces list --json"))
@options.as_json
@on_store
async def list_(store: Opened, as_json: bool) -> None:
    """List the workspaces."""
    async with store.database.read() as connection:
        found = await auth.workspaces(connection)
    records = [
        {"id": one.id, "name": one.name, "mode": one.mode, "created_at": clock.iso(one.created_at)}
        for one in found
    ]
    listing(records, COLUMNS, as_json=as_json, empty="there is no workspace")
