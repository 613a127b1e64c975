"""`persona db`: look after the store."""

import asyncio
from pathlib import Path

import rich_click as click

from gateway import config
from gateway.cli import options
from gateway.cli.opening import opened
from gateway.cli.options import example
from gateway.config import Config
from gateway.server import seed
from gateway.storage.database import HEAD


@click.group(epilog=example("persona db upgrade"))
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
    click.echo(f"{settings.store.url} {'now has' if changed else 'already has'} schema {HEAD}")
