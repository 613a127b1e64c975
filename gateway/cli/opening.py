"""Commands on the store, which is opened before and closed after."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gateway import config
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


@asynccontextmanager
async def opened(settings: Config) -> AsyncIterator[Database]:
    """The store, not yet prepared; a failure of the database names the file."""
    database = Database(settings.store.url)
    try:
        yield database
    except Exception as error:
        message = failures.store_error(error)
        if message is None:
            raise
        raise Failure(f"the store {settings.store.url}: {message}") from error
    finally:
        await database.close()


def on_store(command: Callable[..., Awaitable[None]]) -> Run:
    """Give an async command the store, with its schema up to date, as `Opened`; adds `--config`."""

    @functools.wraps(command)
    def run(config_path: Path | None, **values: object) -> None:
        asyncio.run(_on_store(command, config.load(config_path, secrets=False), values))

    return options.config(run)


async def _on_store(
    command: Callable[..., Awaitable[None]], settings: Config, values: dict[str, object]
) -> None:
    async with opened(settings) as database:
        await seed.prepare(database)
        await command(Opened(settings, database), **values)
