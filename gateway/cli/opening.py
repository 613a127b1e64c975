"""Commands that work on the store find it opened, and it is closed after them."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gateway import config
from gateway.auth.keys import Workspace
from gateway.cli import failures, options
from gateway.cli.failures import Failure
from gateway.config import Config
from gateway.server import seed
from gateway.storage.database import Database

Run = Callable[..., None]


class Opened(NamedTuple):
    """The store that a command works on, and the configuration that names it."""

    config: Config
    database: Database


class LocalRoom:
    """One room of a workspace in the store here."""

    def __init__(self, opened: Opened, workspace: Workspace) -> None:
        self._config, self._database = opened
        self._workspace = workspace


@asynccontextmanager
async def opened(settings: Config) -> AsyncIterator[Database]:
    """Open the store without preparing it; a failure of the database names the file."""
    database = Database(settings.store.url)
    try:
        yield database
    except Exception as error:
        message = failures.store_error(error)
        if message is None:
            raise
        raise Failure(f"the store {settings.store.shown}: {message}") from error
    finally:
        await database.close()


def require_store(settings: Config, config_path: Path | None) -> None:
    """Raises Failure where there is no store; a command that reads or changes one never makes it."""
    path = settings.store.path
    if not settings.store.is_file or path.is_file():
        return
    named = config.find(config_path, {})
    place = f"which {named} names" if named else f"for want of a config.toml in {Path.cwd()}"
    raise Failure(
        f"there is no store at {path}, {place}; name the gateway's configuration with --config or "
        "PERSONA_CONFIG, or a gateway with --url; `persona serve` and `persona db upgrade` make a store"
    )


def on_store(command: Callable[..., Awaitable[None]]) -> Run:
    """Give an async command the store, with its schema up to date, as `Opened`; adds `--config`."""

    @functools.wraps(command)
    def run(config_path: Path | None, **values: object) -> None:
        settings = config.load(config_path, secrets=False)
        require_store(settings, config_path)
        asyncio.run(_on_store(command, settings, values))

    return options.config(run)


async def _on_store(
    command: Callable[..., Awaitable[None]], settings: Config, values: dict[str, object]
) -> None:
    async with opened(settings) as database:
        await seed.prepare(database)
        await command(Opened(settings, database), **values)
