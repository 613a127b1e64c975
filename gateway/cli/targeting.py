"""The options of a command name its target, which is opened for as long as the command runs."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import rich_click as click

from gateway.cli import credentials, options
from gateway.cli.target import Target

Run = Callable[..., None]


def on_target(command: Callable[..., Awaitable[None]]) -> Run:
    """Give an async command its `Target`; adds the options that name one."""

    @functools.wraps(command)
    def run(**values: object) -> None:
        context = click.get_current_context(silent=True)
        if context is not None and context.invoked_subcommand is not None:
            # A group that is a command too leaves the work to its subcommand, which has options of its own.
            if any(options.is_typed(name) for name in values):
                raise click.UsageError(f"options stand behind `{context.invoked_subcommand}`")
            return
        asyncio.run(_on_target(command, _opening(values), values))

    return options.config(options.workspace(options.remote(run)))


async def _on_target(
    command: Callable[..., Awaitable[None]],
    opening: AbstractAsyncContextManager[Target],
    values: dict[str, object],
) -> None:
    async with opening as target:
        await command(target, **values)


def _opening(values: dict[str, object]) -> AbstractAsyncContextManager[Target]:
    """Open the target that the options name, and take them out of the values."""
    names = ("url", "key", "remote", "local", "workspace", "config_path")
    url, key, remote, local, workspace, config_path = (values.pop(name) for name in names)
    typed = {name for name in names if options.is_typed(name)}
    if local and (url or remote):
        raise click.UsageError("--local is for the store here; leave --url and --remote out")
    # Somebody who has logged in works there, unless something names the store here.
    is_here = local or "config_path" in typed or (not url and not remote and credentials.load() is None)
    # Either side is imported only when it is used: one needs a database, the other an HTTP client.
    if is_here and not (url or remote):
        if "key" in typed:
            raise click.UsageError("--key is for a gateway that --url or --remote names")
        from gateway.cli import local as here

        assert config_path is None or isinstance(config_path, Path)  # noqa: S101 - click has seen to it
        return here.opened_target(config_path, str(workspace))
    from gateway.cli import remote as elsewhere

    if "workspace" in typed and not str(workspace).startswith("ws_"):
        raise click.UsageError("a gateway works in the workspace of the key; leave --workspace out")
    chosen = credentials.choose(str(url) if url else None, str(key) if key else None)
    return elsewhere.opened_target(chosen, str(workspace) if "workspace" in typed else None)
