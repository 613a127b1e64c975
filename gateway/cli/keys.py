"""`persona keys`: create, list and revoke API keys."""

import rich_click as click

from gateway import clock
from gateway.auth import keys as auth_keys
from gateway.auth import store as auth
from gateway.auth.keys import Key, Workspace
from gateway.auth.scopes import DEFAULT, ScopeError, expand
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.listing import listing, time
from gateway.cli.opening import Opened, in_workspace
from gateway.cli.options import example

DAY_MS = 86_400_000

COLUMNS = {
    "ID": "id",
    "NAME": "name",
    "PREFIX": "prefix",
    "SCOPES": "scopes",
    "OPERATOR": "operator",
    "CREATED": "created_at",
    "EXPIRES": "expires_at",
    "REVOKED": "revoked_at",
    "LAST USED": "last_used_at",
}


@click.group(epilog=example("persona keys create --name 'reading room'"))
def keys() -> None:
    """Create, list and revoke API keys."""


def _scopes(_context: click.Context, _option: click.Parameter, wanted: tuple[str, ...]) -> list[str]:
    try:
        return expand(wanted or DEFAULT)
    except ScopeError as error:
        raise click.BadParameter(str(error)) from None


@keys.command(
    epilog=example(
        "persona keys create --name 'reading room'",
        "persona keys create --scope chat:invoke --scope personas:read --expires 30",
        "KEY=$(persona keys create)",
    )
)
@click.option("--name", default="", help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    metavar="SCOPE",
    multiple=True,
    callback=_scopes,
    help=f"What the key may do; may be repeated. Without it: {' '.join(DEFAULT)}.",
)
@click.option("--operator", is_flag=True, help="May make workspaces, and keys in any of them.")
@click.option("--expires", metavar="DAYS", type=click.IntRange(1, 36_500), help="Valid for so many days.")
@in_workspace
async def create(
    store: Opened, workspace: Workspace, name: str, scopes: list[str], operator: bool, expires: int | None
) -> None:
    """Make a key and print it alone on stdout. It is shown this once and stored as a hash only."""
    if len(name) > 200:
        raise click.BadParameter("at most 200 characters", param_hint="'--name'")
    hasher = auth_keys.hasher(store.config)
    async with store.database.write() as connection:
        key, text = await auth.create_key(
            connection,
            hasher,
            workspace,
            name=name,
            scopes=scopes,
            operator=operator,
            expires_at=expires and clock.now_ms() + expires * DAY_MS,
        )
    click.echo(text)
    click.echo(f"{key.id} in the workspace `{workspace.name}`; the key is shown this once", err=True)


@keys.command("list", epilog=example("persona keys list", "persona keys list --json"))
@options.as_json
@in_workspace
async def list_(store: Opened, workspace: Workspace, as_json: bool) -> None:
    """List the keys of the workspace, revoked ones too."""
    async with store.database.read() as connection:
        found = await auth.workspace_keys(connection, workspace.id)
    empty = f"there is no key in the workspace `{workspace.name}`; `persona keys create` makes one"
    listing([_record(key) for key in found], COLUMNS, as_json=as_json, empty=empty)


@keys.command(epilog=example("persona keys revoke key_0QvXb3k2a81FZq05mmPw"))
@click.argument("key_id", metavar="ID")
@in_workspace
async def revoke(store: Opened, workspace: Workspace, key_id: str) -> None:
    """Refuse a key from now on. ID is the `key_…` that the list shows."""
    async with store.database.write() as connection:
        before = await auth.revoke_key(connection, workspace.id, key_id)
    if before is None:
        raise Failure(f"there is no key `{key_id}` in the workspace `{workspace.name}`")
    click.echo(f"{key_id} {'was revoked before' if before.revoked_at else 'revoked'}")


def _record(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "operator": key.operator,
        "created_at": time(key.created_at),
        "expires_at": time(key.expires_at),
        "revoked_at": time(key.revoked_at),
        "last_used_at": time(key.last_used_at),
    }
