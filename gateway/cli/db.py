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
from gateway.config import Config, ConfigError
from gateway.images.carrying import PICTURES, carry
from gateway.server import seed
from gateway.storage import backup as backups
from gateway.storage import copying
from gateway.storage.backup import BackupError
from gateway.storage.copying import CopyError
from gateway.storage.database import Database
from gateway.storage.revisions import newest

Folder = click.Path(path_type=Path, file_okay=False)


@click.group(epilog=example("persona db upgrade", "persona db backup /var/backups/persona-2030-01-01"))
def db() -> None:
    """Look after the store."""


@db.command(epilog=example("persona db upgrade", "persona db upgrade --check"))
@click.option("--check", is_flag=True, help="Change nothing, and exit with 1 if an upgrade is needed.")
@options.config
def upgrade(config_path: Path | None, check: bool) -> None:
    """Bring the store to the schema that this version needs, making it where there is none."""
    settings = config.load(config_path, secrets=False)
    if not check:
        asyncio.run(_upgrade(settings))
        return
    require_store(settings, config_path)
    found = asyncio.run(_revision(settings))
    if found != newest():
        raise Failure(f"{settings.store.shown} has schema {found or 'none'}, {newest()} is needed")
    click.echo(f"{settings.store.shown} has schema {found}, which is the newest")


async def _revision(settings: Config) -> str | None:
    async with opened(settings) as database:
        return await database.revision()


async def _upgrade(settings: Config) -> None:
    async with opened(settings) as database:
        changed = await seed.prepare(database)
    click.echo(f"{settings.store.shown} {'now has' if changed else 'already has'} schema {newest()}")


@db.command(epilog=example("persona db backup /var/backups/persona-2030-01-01"))
@click.argument("folder", metavar="DIR", type=Folder)
@options.config
def backup(config_path: Path | None, folder: Path) -> None:
    """Copy store, pepper, configuration and pictures into a new folder, and check the copy.

    The gateway may go on running. The folder has mode 700, its files 600.
    """
    settings = config.load(config_path, secrets=False)
    _require_file(settings, "pg_dump")
    require_store(settings, config_path)
    pictures = config.pictures(settings)
    fill = None if pictures is None else lambda draft: carry(pictures, draft / PICTURES)
    try:
        made = backups.make(
            folder, settings.store.path, _pepper(settings), config.find(config_path, {}), fill
        )
    except BackupError as error:
        raise Failure(str(error)) from None
    click.echo(f"{folder} holds {', '.join(path.name for path in made)}; the store is checked and whole")
    if settings.keys.pepper:
        click.echo("the pepper is in the configuration or the environment, not in the backup", err=True)
    if pictures is None:
        click.echo(f"the pictures are in {settings.images.store}, not in the backup", err=True)


@db.command(epilog=example("persona db restore /var/backups/persona-2030-01-01"))
@click.argument("folder", metavar="DIR", type=Folder)
@options.config
def restore(config_path: Path | None, folder: Path) -> None:
    """Put the store and the pepper of a backup back, and keep what stood there under another name.

    Its pictures go beside those that are there.
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
    pictures, carried = config.pictures(settings), folder / PICTURES
    if pictures is not None and carry(carried, pictures):
        places.append(pictures)
    elif pictures is None and carried.is_dir():
        click.echo(f"{carried} stays there, since [images] store is {settings.images.store}", err=True)
    for place in places:
        click.echo(f"{place} {'kept' if '.before-' in place.name else 'restored'}")
    asyncio.run(_checked(settings))


async def _checked(settings: Config) -> None:
    """See that keys will be recognised, before the gateway does."""
    async with opened(settings) as database:
        await seed.prepare(database)
        await pepper.prepare(database, settings)


@db.command("copy", epilog=example("persona db copy postgresql://persona:secret@db.example.com/persona"))
@click.argument("url", metavar="URL", envvar="PERSONA_DB_COPY_URL")
@options.config
def copy(config_path: Path | None, url: str) -> None:
    """Copy the store into an empty database, PostgreSQL as a rule, and compare the numbers of rows.

    Stop the gateway before, since what it writes meanwhile stays behind. The pepper is the same for both.
    PERSONA_DB_COPY_URL may hold the URL, so that its password stands in no list of commands.
    """
    settings = config.load(config_path, secrets=False)
    require_store(settings, config_path)
    try:
        target = config.store_at(url, Path.cwd())
        copied = asyncio.run(_copy(settings, target.url))
    except (ConfigError, CopyError) as error:
        raise Failure(str(error)) from None
    for name, count in copied.items():
        click.echo(f"{count:>10,}  {name}")
    click.echo(f"{target.shown} holds all of it; put its URL into [store] url, and keep the pepper")


async def _copy(settings: Config, url: str) -> dict[str, int]:
    target = Database(url)
    try:
        async with opened(settings) as source:
            return await copying.copy(source, target)
    finally:
        await target.close()


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


@db.command(epilog=example("persona db vacuum"))
@on_store
async def vacuum(store: Opened) -> None:
    """Give the room of what has been deleted back to the system.

    The store is written anew, for which there must be room beside it. Nobody can write meanwhile: a gateway
    that runs goes on answering from memory, and its turns wait.
    """
    _require_file(store.config, "the server's own VACUUM")
    path = store.config.store.path
    before = path.stat().st_size
    await store.database.vacuum()
    after = path.stat().st_size
    click.echo(f"{path} has {_mib(after)}, {_mib(before)} before")


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def _pepper(settings: Config) -> Path | None:
    return None if settings.keys.pepper else pepper.place(settings)
