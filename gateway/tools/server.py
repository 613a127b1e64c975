"""One MCP server is connected to on first use, and again after it has gone."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import mcp
import msgspec
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED

from gateway.config import Tool as Table
from gateway.egress.fetcher import Fetcher
from gateway.tools.guarded import Guarded
from gateway.tools.tool import DESCRIPTION_CHARACTERS, MOST_TOOLS, SCHEMA_BYTES, Result, Tool, cut

CONNECT_SECONDS = 20.0
LIST_SECONDS = 10.0
CLOSE_SECONDS = 7.0
"""Seconds in which a command ends, which the SDK kills at last."""
FRESH_SECONDS = 10.0
"""Seconds that the list of a server behind a URL is used before it is asked for again."""
PAGES = 10
GRACE_SECONDS = 2.0
"""Seconds beyond a call's time in which a request that was given up comes to its end."""

log = logging.getLogger("gateway.tools")


class Unreachable(Exception):
    """The server cannot be spoken to."""


class Server:
    """Holds the connection to one server, which all calls share."""

    def __init__(self, name: str, table: Table, environment: dict[str, str], fetcher: Fetcher) -> None:
        self._name = name
        self._table = table
        self._environment = environment
        self._fetcher = fetcher
        self._life: asyncio.Task[None] | None = None
        self._client: asyncio.Future[Any] | None = None
        self._leave = asyncio.Event()
        self._listed: list[Tool] = []
        self._listed_at = float("-inf")

    async def tools(self) -> list[Tool]:
        """List its tools. Raises Unreachable."""
        if self._table.mcp and time.monotonic() - self._listed_at < FRESH_SECONDS:
            return self._listed
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                found = await self._again(self._list)
        except TimeoutError:
            raise Unreachable from None
        self._listed, self._listed_at = found, time.monotonic()
        return found

    async def call(self, tool: str, arguments: str, seconds: float, most: int) -> Result:
        """Call a tool; never fails."""
        try:
            given = msgspec.json.decode(arguments or "{}", type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            return Result("failed", "The arguments are no JSON object, or are nested too deeply.")
        seconds = min(seconds, self._table.timeout)
        try:
            async with asyncio.timeout(seconds):
                client = await self._connected()
                said = await client.call_tool(tool, given)
        except TimeoutError:
            return Result("timed_out", f"The tool has not answered within {seconds:g} seconds.")
        except Unreachable:
            return Result("unavailable", "The tool cannot be reached.")
        except mcp.MCPError as error:
            if error.code == CONNECTION_CLOSED:
                await self.close()
                return Result("unavailable", "The tool has broken off.")
            return Result("failed", cut(f"The tool refuses the call: {error.message}", most))
        except Exception as error:  # noqa: BLE001 - whatever a server does, the model is told
            log.warning("tools.%s: a call failed: %s", self._name, type(error).__name__)
            return Result("failed", "The tool gives an answer that cannot be read.")
        return Result("failed" if said.is_error else "ok", cut(_told(said), most))

    async def close(self) -> None:
        """Let go of the connection, which ends a command."""
        life, self._life, self._client = self._life, None, None
        self._listed_at = float("-inf")
        if life is not None:
            self._leave.set()
            _, left = await asyncio.wait([life], timeout=CLOSE_SECONDS)
            for task in left:
                task.cancel()

    async def _list(self) -> list[Tool]:
        client, found, cursor = await self._connected(), [], None
        for _ in range(PAGES):
            page = await client.list_tools(cursor=cursor)
            found += [_tool(each) for each in page.tools]
            cursor = page.next_cursor
            if cursor is None or len(found) >= MOST_TOOLS:
                break
        fitting = [each for each in found if len(msgspec.json.encode(each.parameters)) <= SCHEMA_BYTES]
        return fitting[:MOST_TOOLS]

    async def _again(self, ask: Any) -> list[Tool]:
        """Ask, and once more on a new connection where the old one has died meanwhile."""
        for left in (1, 0):
            was_there = self._life is not None
            try:
                async with asyncio.timeout(LIST_SECONDS if was_there else CONNECT_SECONDS):
                    found: list[Tool] = await ask()
                    return found
            except Unreachable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a server does, it is not reached
                await self.close()
                if not left or not was_there:
                    log.warning("tools.%s: the tools cannot be listed: %s", self._name, type(error).__name__)
                    raise Unreachable from None
        raise Unreachable

    async def _connected(self) -> Any:
        """Return the client. Raises Unreachable."""
        if self._client is None or self._life is None or self._life.done():
            self._client = asyncio.get_running_loop().create_future()
            self._leave = asyncio.Event()
            self._life = asyncio.create_task(self._live(self._client, self._leave))
        return await asyncio.shield(self._client)

    async def _live(self, ready: asyncio.Future[Any], leave: asyncio.Event) -> None:
        """Hold the connection; a task of its own enters and leaves it, as the SDK wants it."""
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(CONNECT_SECONDS):
                    transport = await stack.enter_async_context(self._transport())
                    client = await stack.enter_async_context(mcp.Client(transport, cache=None))
                ready.set_result(client)
                await leave.wait()
        except Exception as error:  # noqa: BLE001 - whatever a server does, it is not reached
            if not ready.done():
                log.warning("tools.%s cannot be reached: %s", self._name, _root(error))
        finally:
            if not ready.done():
                ready.set_exception(Unreachable())
                # Whoever waited for it may have left meanwhile.
                ready.exception()

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[Any]:
        table = self._table
        if table.command:
            program, *arguments = table.command
            parameters = mcp.StdioServerParameters(command=program, args=arguments, env=self._environment)
            # What a program says of its calls beside their results may hold texts, which no log may.
            with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230, PTH123 - this opens no file
                yield mcp.stdio_client(parameters, nowhere)
            return
        headers = dict(table.headers)
        if table.api_key:
            headers["authorization"] = f"Bearer {table.api_key}"
        seconds = table.timeout + GRACE_SECONDS
        async with httpx2.AsyncClient(
            transport=Guarded(self._fetcher, seconds), headers=headers, timeout=seconds
        ) as client:
            yield streamable_http_client(table.mcp, http_client=client)


def _root(error: BaseException) -> str:
    """Name what has gone wrong within a group of errors, but no words of the server."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__


def _tool(found: Any) -> Tool:
    return Tool(found.name, (found.description or "")[:DESCRIPTION_CHARACTERS], dict(found.input_schema))


def _told(said: Any) -> str:
    """Put together the words of a result; other kinds of content are named."""
    pieces = []
    for block in said.content:
        text = getattr(block, "text", None)
        if text is None:
            resource = getattr(block, "resource", None)
            text = getattr(resource, "text", None)
        if text is None:
            kind = getattr(block, "mime_type", None) or "something"
            text = f"[{block.type}: {getattr(block, 'uri', None) or kind}]"
        pieces.append(text)
    if not pieces and said.structured_content is not None:
        with contextlib.suppress(TypeError, ValueError):
            pieces.append(msgspec.json.encode(said.structured_content).decode())
    return "\n".join(pieces)
