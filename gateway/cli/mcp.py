"""`persona mcp serve`: an MCP server on standard input and output, for assistants that start a program."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec
import rich_click as click

from gateway.cli import credentials, options
from gateway.cli.failures import Failure
from gateway.cli.options import example
from gateway.mcp.api import ApiRefusal, Event

if TYPE_CHECKING:
    from gateway.cli.api import Api

HERE = "http://127.0.0.1:8080"


@click.group(epilog=example("persona mcp serve"))
def mcp() -> None:
    """Speak MCP on standard input and output, for assistants that start a program."""


@mcp.command(
    epilog=example(
        "persona mcp serve", "persona mcp serve --url https://personas.example.com --workspace ws_…"
    )
)
@options.url
@options.key
@click.option("--workspace", metavar="ID", help="The id of the key's workspace, which it must be then.")
def serve(url: str | None, key: str | None, workspace: str | None) -> None:
    """Speak MCP on standard input and output, and ask a gateway.

    It is the gateway of --url or of `persona auth login`, else the one at http://127.0.0.1:8080. The key is
    that of --key, PERSONA_API_KEY or `persona auth login`.
    """
    if find_spec("mcp") is None:
        raise Failure("the MCP SDK is not installed: run `pip install 'persona-gateway[mcp]'`")
    if key and not url and credentials.load() is None:
        url = HERE
    asyncio.run(_serve(credentials.choose(url, key), workspace))


async def _serve(chosen: credentials.Credentials, workspace: str | None) -> None:
    # They are imported here, since the help is shown without them.
    from mcp.server.stdio import stdio_server

    from gateway.cli import api
    from gateway.mcp.server import build

    # Standard output is the protocol's, and the SDK's lines hold what callers have sent.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    async with api.connected(chosen, workspace) as gateway:
        outside = Outside(gateway)
        server = build(lambda _context: outside)
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())


class Outside:
    """The native API of a gateway somewhere else, as the MCP server asks it."""

    def __init__(self, api: "Api") -> None:
        self._api = api

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Any:
        try:
            answer = await self._api.call(method, f"/v1{path}", query=query, body=body)
        except Failure as failure:
            raise _refusal(failure) from None
        return answer.read(object) if answer.body else None

    @asynccontextmanager
    async def events(self, path: str, body: object) -> AsyncIterator[AsyncIterator[Event]]:
        async def told() -> AsyncIterator[Event]:
            try:
                async for event in self._api.post_events(f"/v1{path}", body):
                    yield Event(event.name, msgspec.json.decode(event.data))
            except Failure as failure:
                raise _refusal(failure) from None

        yield told()


def _refusal(failure: Failure) -> ApiRefusal:
    """Make the refusal of what a command would end with."""
    return ApiRefusal(
        getattr(failure, "status", 503), getattr(failure, "code", "") or "unreachable", str(failure)
    )
