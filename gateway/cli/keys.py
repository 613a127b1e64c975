"""`persona keys`: create, list, rotate and revoke API keys."""

import msgspec
import rich_click as click

from gateway import clock
from gateway.auth.scopes import DEFAULT, ScopeError, expand
from gateway.auth.view import KeyView
from gateway.cli import options
from gateway.cli.listing import listing, print_json, written
from gateway.cli.options import example
from gateway.cli.rooms import MadeKey, NewKey
from gateway.cli.target import Target
from gateway.cli.targeting import on_target

DAY_MS = 86_400_000

ROTATE_DAYS = 90
"""Days after which a key should have a successor."""
PRESETS = {"app": ["chat:invoke"], "ci": ["personas:read", "personas:write", "runs:read"], "admin": ["*"]}

COLUMNS = {
    "ID": "id",
    "NAME": "name",
    "PREFIX": "prefix",
    "SCOPES": "scopes",
    "OPERATOR": "operator",
    "CREATED": "created_at",
    "AGE": "age",
    "EXPIRES": "expires_at",
    "REVOKED": "revoked_at",
    "LAST USED": "last_used_at",
}


@click.group(epilog=example("persona keys create --name 'reading room'"))
def keys() -> None:
    """Create, list, rotate and revoke API keys."""


def _scopes(_context: click.Context, _option: click.Parameter, wanted: tuple[str, ...]) -> list[str] | None:
    try:
        return expand(wanted) if wanted else None
    except ScopeError as error:
        raise click.BadParameter(str(error)) from None


@keys.command(
    epilog=example(
        "persona keys create --for app --name 'reading room'",
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
@click.option(
    "--for",
    "preset",
    type=click.Choice(list(PRESETS)),
    help="Instead of --scope: an app only talks, ci pushes and labels personas, admin may do everything.",
)
@click.option("--operator", is_flag=True, help="May make workspaces, and keys in any of them.")
@click.option("--expires", metavar="DAYS", type=click.IntRange(1, 36_500), help="Valid for so many days.")
@on_target
async def create(
    target: Target,
    name: str,
    scopes: list[str] | None,
    preset: str | None,
    operator: bool,
    expires: int | None,
) -> None:
    """Make a key and print it alone on stdout. It is shown this once and stored as a hash only.

    A key for an app is best made with `--for app`: by default a key may change personas too.
    """
    if preset and scopes:
        raise click.UsageError("--for names the scopes; leave --scope out")
    scopes = expand(PRESETS[preset]) if preset else scopes
    if len(name) > 200:
        raise click.BadParameter("at most 200 characters", param_hint="'--name'")
    expires_at = expires and clock.now_ms() + expires * DAY_MS
    wanted = NewKey(name=name, scopes=scopes, operator=operator, expires_at=expires_at)
    _tell(await target.keys.create(wanted))


@keys.command("list", epilog=example("persona keys list", "persona keys list --json"))
@options.as_json
@on_target
async def list_(target: Target, as_json: bool) -> None:
    """List the keys of the workspace, revoked ones too. After 90 days a key should be rotated."""
    found = await target.keys.listed()
    if as_json:
        print_json(found)
        return
    records = [{**msgspec.structs.asdict(key), "age": _age(key)} for key in found]
    empty = f"there is no key {target.where}; `persona keys create` makes one"
    listing(records, COLUMNS, as_json=False, empty=empty)


@keys.command(
    epilog=example(
        "persona keys rotate key_0QvXb3k2a81FZq05mmPw",
        "persona keys rotate key_0QvXb3k2a81FZq05mmPw --grace 1h",
    )
)
@click.argument("key_id", metavar="ID")
@click.option(
    "--grace",
    metavar="AGE",
    callback=options.age,
    default="1d",
    show_default=True,
    help="How long the old key stays valid, such as 0s, 15m, 12h or 7d; at most 30d.",
)
@on_target
async def rotate(target: Target, key_id: str, grace: int) -> None:
    """Make a key that takes the place of another, with its rights, and print it alone on stdout."""
    if grace > 30 * 86_400:
        raise click.BadParameter("at most 30d", param_hint="'--grace'")
    _tell(await target.keys.rotate(key_id, grace))


@keys.command(epilog=example("persona keys revoke key_0QvXb3k2a81FZq05mmPw"))
@click.argument("key_id", metavar="ID")
@on_target
async def revoke(target: Target, key_id: str) -> None:
    """Refuse a key from now on. ID is the `key_…` that the list shows."""
    was_valid = await target.keys.revoke(key_id)
    click.echo(f"{key_id} {'revoked' if was_valid else 'was revoked before'}")
    written(target.place)


def _age(key: KeyView) -> str:
    """Say how old a key is, and whether it should have a successor."""
    now = clock.now_ms()
    days = (now - clock.ms(key.created_at)) // DAY_MS
    has_ended = key.revoked_at is not None or (key.expires_at is not None and clock.ms(key.expires_at) <= now)
    return f"{days}d: rotate" if days >= ROTATE_DAYS and not has_ended else f"{days}d"


def _tell(made: MadeKey) -> None:
    click.echo(made.key)
    click.echo(f"{made.id} {made.where}; the key is shown this once", err=True)
