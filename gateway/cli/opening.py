"""Commands on the store: opened before, closed after, and in a workspace where they need one."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gateway import config
from gateway.auth import store as auth
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


def in_workspace(command: Callable[..., Awaitable[None]]) -> Run:
    """As `on_store`, and give the workspace that `--workspace` names."""

    @functools.wraps(command)
    async def run(store: Opened, workspace: str, **values: object) -> None:
        async with store.database.read() as connection:
            found = await auth.workspace(connection, workspace)
        if found is None:
            raise Failure(
                f"there is no workspace `{workspace}`; `persona workspaces create {workspace}` makes one"
            )
        await command(store, found, **values)

    return options.workspace(on_store(run))


async def _on_store(
    command: Callable[..., Awaitable[None]], settings: Config, values: dict[str, object]
) -> None:
    async with opened(settings) as database:
        await seed.prepare(database)
        await command(Opened(settings, database), **values)
