"""`persona serve`: the gateway itself."""

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import rich_click as click

from gateway import __version__, config
from gateway.cli import options
from gateway.cli.failures import Failure, explain
from gateway.cli.loading import undisturbed
from gateway.cli.opening import opened
from gateway.config import Config
from gateway.runs.pipelines import Pipelines
from gateway.server import seed
from gateway.server.banner import FirstKey, banner
from gateway.server.crew import Tasks
from gateway.server.listening import StartError
from gateway.server.model_process import ModelProcess, has_model
from gateway.server.reloading import RefusedError, require_reloadable
from gateway.server.socket_child import SocketMissing
from gateway.server.supervisor import Supervisor
from gateway.server.tool_process import ToolProcess, ToolsMissing, require_sdk, uses_tools
from gateway.storage.database import Database
from gateway.telemetry import logs
from gateway.upstreams.local import LocalModel, LocalModelFailed, LocalModelMissing

log = logging.getLogger("gateway.serve")


@click.command(
    epilog=options.example("persona serve", "persona serve --port 9000 --workers 2 --config config.toml")
)
@options.config
@click.option("--host", metavar="ADDRESS", help="Where to listen; else [server] host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Else [server] port; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that answer; else [server] workers.")
def serve(config_path: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    """Start the gateway, with the bundled model where no provider is configured."""
    settings = _settings(config_path, host, port, workers)
    logs.configure(settings.log)
    options.warn_misnamed()
    if settings.projects.keyless is not None:
        log.warning(
            "[projects] keyless lets every program on this machine read and change the personas of the "
            "workspace `%s` without a key",
            settings.projects.keyless,
        )
    supervisor = _supervisor(settings, partial(_again, config_path, host, port, workers))
    # A start that fails up to here makes no store, and so no first key that nobody would be shown.
    first, slugs = asyncio.run(_prepare(settings))

    def announce() -> None:
        told = None if supervisor.metrics is None else supervisor.metrics.address
        sys.stdout.write(banner(settings, supervisor.address, first, slugs, __version__, told))
        sys.stdout.flush()

    try:
        sys.exit(supervisor.run(announce))
    except (StartError, LocalModelFailed) as error:
        raise Failure(str(error)) from None


def _supervisor(settings: Config, again: Callable[[Config], Config]) -> Supervisor:
    """Put together what the gateway's processes need. Raises Failure."""
    with config.without_math_threads(), undisturbed():
        from gateway.scoring import conversations
        from gateway.server import worker, working

        if settings.drift.enabled:
            conversations.load()
    tools: ToolProcess | None = None
    embedder: ModelProcess | None = None
    try:
        local = LocalModel(settings.local, _demo_prompts()) if config.uses_local(settings) else None
        if settings.mcp.enabled:
            require_sdk("[mcp]")
        tools = ToolProcess(settings) if uses_tools(settings) else None
        embedder = ModelProcess(settings) if has_model() else None
        main = partial(
            worker.run,
            tools=tools.address if tools else None,
            embedder=embedder.address if embedder else None,
        )
        labour = partial(working.run, embedder=embedder.address if embedder else None)
        return Supervisor(settings, Tasks(main, labour), local, tools, embedder, again)
    except (LocalModelMissing, ToolsMissing, SocketMissing, StartError) as error:
        for process in (tools, embedder):
            if process is not None:
                process.stop()
        raise Failure(str(error)) from None


def _settings(path: Path | None, host: str | None, port: int | None, workers: int | None) -> Config:
    settings = config.load(path)
    Pipelines(settings).require()
    given = {"host": host, "port": port, "workers": workers}
    chosen = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, **chosen))


def _demo_prompts() -> list[str]:
    """The prompts that the bundled model reads first."""
    from gateway.personas import files

    return [draft.content.prompt for draft in files.demo()]


async def _prepare(settings: Config) -> tuple[FirstKey | None, list[str]]:
    """Return the first key if one was made, and the slugs."""
    from gateway.auth import pepper

    async with opened(settings) as database:
        await seed.prepare(database)
        await _require_plans(database, settings)
        text = await seed.seed(database, await pepper.prepare(database, settings))
        slugs = await seed.slugs(database)
        await _require_workspaces(database, settings)
    first = _kept(text, settings.store.beside(".first-key")) if text else None
    return first, slugs


def _again(path: Path | None, host: str | None, port: int | None, workers: int | None, old: Config) -> Config:
    """Read the configuration again while the gateway runs. Raises RefusedError."""
    try:
        settings = _settings(path, host, port, workers)
        if settings.mcp.enabled:
            require_sdk("[mcp]")
        require_reloadable(old, settings)
        asyncio.run(_require_known(settings))
    except RefusedError:
        raise
    except ToolsMissing as error:
        raise RefusedError(str(error)) from None
    except Exception as error:
        told = explain(error)
        if told is None:
            log.exception("the configuration cannot be read again")
        sentence = "It cannot be read, as the log says; the old one stays."
        raise RefusedError(told.message if told else sentence) from None
    return settings


async def _require_known(settings: Config) -> None:
    """Raises Failure where the configuration and the store do not go together."""
    async with opened(settings) as database:
        await _require_plans(database, settings)
        await _require_workspaces(database, settings)


async def _require_plans(database: Database, settings: Config) -> None:
    """Raises Failure where a workspace has a plan that is not there."""
    from gateway.auth import store as auth

    async with database.read() as connection:
        unknown = [name for name in await auth.plans_given(connection) if name not in settings.plans]
    if unknown:
        way = "add [plans.NAME] for each, or give them another plan: `persona workspaces plan NAME PLAN`"
        raise Failure(f"workspaces have plans that the configuration lacks: {', '.join(unknown)}; {way}")


async def _require_workspaces(database: Database, settings: Config) -> None:
    """Raises Failure where [projects] names a workspace that is not there."""
    from gateway.auth import store as auth

    projects = settings.projects
    named = [*projects.names.values(), *([projects.keyless] if projects.keyless is not None else [])]
    async with database.read() as connection:
        for name in named:
            by_id = await auth.workspace_by_id(connection, name)
            if by_id is None and await auth.workspace(connection, name) is None:
                way = "`persona workspaces list` shows those that are"
                raise Failure(f"[projects] names the workspace `{name}`, which is not there; {way}")


def _kept(text: str, path: Path) -> FirstKey:
    """Show the first key at a terminal, else keep it in a file: logs are kept, and read by many."""
    if sys.stdout.isatty():
        return FirstKey(text)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(f"{text}\n", "ascii")
    return FirstKey(text, path)
