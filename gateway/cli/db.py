"""`persona db`: look after the store."""

import asyncio
from pathlib import Path

import rich_click as click

from gateway import config
from gateway.auth import pepper
from gateway.cli import options
from gateway.cli.failures import Failure
from gateway.cli.opening import Opened, on_store, opened, require_store
from gateway.cli.options import example
from gateway.config import Config
from gateway.server import seed
from gateway.storage import backup as backups
from gateway.storage.backup import BackupError
from gateway.storage.revisions import newest

Folder = click.Path(path_type=Path, file_okay=False)


@click.group(epilog=example("persona db upgrade", "persona db backup /var/backups/persona-2030-01-01"))
def db() -> None:
    """Look after the store."""


@db.command(epilog=example("persona db upgrade", "persona db upgrade --config /etc/persona/config.toml"))
@options.config
def upgrade(config_path: Path | None) -> None:
    """Bring the store to the schema that this version needs, making it where there is none."""
    asyncio.run(_upgrade(config.load(config_path, secrets=False)))


async def _upgrade(settings: Config) -> None:
    async with opened(settings) as database:
        changed = await seed.prepare(database)
    click.echo(f"{settings.store.shown} {'now has' if changed else 'already has'} schema {newest()}")


@db.command(epilog=example("persona db backup /var/backups/persona-2030-01-01"))
@click.argument("folder", metavar="DIR", type=Folder)
@options.config
def backup(config_path: Path | None, folder: Path) -> None:
    """Copy store, pepper and configuration into a new folder, and check the copy.

    The gateway may go on running. The folder has mode 700, its files 600.
    """
    settings = config.load(config_path, secrets=False)
    _require_file(settings, "pg_dump")
    require_store(settings, config_path)
    try:
        made = backups.make(folder, settings.store.path, _pepper(settings), config.find(config_path, {}))
    except BackupError as error:
        raise Failure(str(error)) from None
    click.echo(f"{folder} holds {', '.join(path.name for path in made)}; the store is checked and whole")
    if settings.keys.pepper:
        click.echo("the pepper is in the configuration or the environment, not in the backup", err=True)


@db.command(epilog=example("persona db restore /var/backups/persona-2030-01-01"))
@click.argument("folder", metavar="DIR", type=Folder)
@options.config
def restore(config_path: Path | None, folder: Path) -> None:
    """Put the store and the pepper of a backup back, and keep what stood there under another name.

    Where no configuration is found, that of the backup becomes ./config.toml. Stop the gateway before.
    """
    if config_path is None and config.find(None, {}) is None and (folder / backups.CONFIG).is_file():
        here = Path.cwd() / backups.CONFIG
        here.touch(mode=0o600)
        here.write_bytes((folder / backups.CONFIG).read_bytes())
        click.echo(f"{here} written")
    settings = config.load(config_path, secrets=False)
    _require_file(settings, "pg_restore")
    try:
        places = backups.restore(folder, settings.store.path, _pepper(settings))
    except BackupError as error:
        raise Failure(str(error)) from None
    for place in places:
        click.echo(f"{place} {'kept' if '.before-' in place.name else 'restored'}")
    asyncio.run(_checked(settings))


async def _checked(settings: Config) -> None:
    """See that keys will be recognised, before the gateway does."""
    async with opened(settings) as database:
        await seed.prepare(database)
        await pepper.prepare(database, settings)


@db.command("new-pepper", epilog=example("persona db new-pepper"))
@click.confirmation_option(prompt="Every key that was made so far stays refused for good. Go on?")
@on_store
async def new_pepper(store: Opened) -> None:
    """Let the store take the pepper that is there now, or a new one, when its own is lost for good."""
    await pepper.renew(store.database, store.config)
    click.echo("the store takes this pepper from now on; `persona keys create` makes a key under it")


def _require_file(settings: Config, other: str) -> None:
    if not settings.store.is_file:
        raise Failure(f"{settings.store.shown} is no file; use {other}, as docs/operate.md says")


def _pepper(settings: Config) -> Path | None:
    return None if settings.keys.pepper else pepper.place(settings)
