"""A worker knows who may use which tools, and has the tools' process list and call them."""

import asyncio
import time
from typing import TypeVar

import msgspec

from gateway.config import Config
from gateway.personas.resolved import Resolved
from gateway.tools.tool import (
    ARGUMENTS_CHARACTERS,
    LINE_BYTES,
    WEB,
    WEB_SEARCH,
    Call,
    Listing,
    Order,
    Outcome,
    Result,
    Tool,
)

T = TypeVar("T")
LIST_SECONDS = 25.0
"""Seconds that listing may take; a server that is slower than this cannot be reached."""
SLACK_SECONDS = 5.0
"""Seconds beyond a call's own time after which the tools' process itself is given up."""


class Use(msgspec.Struct, frozen=True):
    """A tool of the gateway's was called."""

    name: str
    duration_ms: float
    outcome: Outcome


class Offered(msgspec.Struct, frozen=True):
    """Describes a tool as it is offered to a model."""

    name: str
    """`SERVER.tool`, the name in the API."""
    server: str
    tool: Tool


class Found(msgspec.Struct, frozen=True):
    """Some names were looked for."""

    tools: list[Offered]
    unavailable: list[str]
    """Names whose server is not set up or cannot be reached just now."""
    unknown: list[str]
    known: list[str]
    """All names that this caller may use, where some were unknown."""


class Toolbox:
    """Reaches the tools' process; without one, no tool is available."""

    def __init__(self, config: Config, address: str | None) -> None:
        self._tables = config.tools
        self._address = address
        self._has_search = bool(config.grounding.search)

    async def find(self, workspace_id: str, persona: Resolved, names: list[str]) -> Found:
        """Look for tools that this workspace may use with this persona."""
        if not names:
            return Found([], [], [], [])
        open_to = self._open_to(workspace_id, persona)
        wanted = {name.partition(".")[0] for name in names}
        listed = await self._list([name for name in open_to if name in wanted])
        tools, unavailable, unknown = [], [], []
        for name in dict.fromkeys(names):
            server, _, rest = name.partition(".")
            tool = next((each for each in listed.get(server, ()) if each.name == rest), None)
            if tool is not None:
                tools.append(Offered(name, server, tool))
            elif (name == WEB_SEARCH) if server == WEB else (server in open_to and server not in listed):
                unavailable.append(name)
            else:
                unknown.append(name)
        known: list[str] = []
        if unknown:
            listed = await self._list(open_to)
            own = {f"{server}.{each.name}" for server in open_to for each in listed.get(server, ())}
            known = sorted(own | {WEB_SEARCH})
        return Found(tools, unavailable, unknown, known)

    async def call(self, offered: Offered, arguments: str, seconds: float, most: int) -> tuple[Use, str]:
        """Call a tool; returns what is told of that, and what the model reads. Never fails."""
        started = time.perf_counter()
        table = self._tables.get(offered.server)
        if table is not None:
            seconds, most = min(seconds, table.timeout), min(most, table.max_bytes)
        if len(arguments) > ARGUMENTS_CHARACTERS:
            result = Result("refused", "The arguments are too long.")
        else:
            call = Call(
                server=offered.server,
                tool=offered.tool.name,
                arguments=arguments,
                seconds=seconds,
                bytes=most,
            )
            found = await self._order(Order(call=call), Result, seconds + SLACK_SECONDS)
            result = found or Result("unavailable", "The tool cannot be reached.")
        spent = (time.perf_counter() - started) * 1000
        return Use(offered.name, round(spent, 1), result.outcome), result.text

    def _open_to(self, workspace_id: str, persona: Resolved) -> list[str]:
        """Name the servers that the workspace may use with the persona."""
        ours = {persona.persona_id}
        if persona.workspace_id == workspace_id:
            # Another workspace's persona may have any slug.
            ours.add(persona.slug)
        found = [
            name
            for name, table in self._tables.items()
            if workspace_id in table.workspaces and (not table.personas or ours & set(table.personas))
        ]
        return [WEB, *found] if self._has_search else found

    async def _list(self, servers: list[str]) -> dict[str, list[Tool]]:
        if not servers:
            return {}
        found = await self._order(Order(servers), Listing, LIST_SECONDS)
        return found.tools if found is not None else {}

    async def _order(self, order: Order, kind: type[T], seconds: float) -> T | None:
        """Give an order to the tools' process; `None` where it cannot be reached.

        Whoever cancels this calls the order off, since the connection is closed then.
        """
        if self._address is None:
            return None
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_unix_connection(self._address, limit=LINE_BYTES)
                writer.write(msgspec.json.encode(order) + b"\n")
                await writer.drain()
                return msgspec.json.decode(await reader.readuntil(b"\n"), type=kind)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, msgspec.DecodeError):
            return None
        finally:
            if writer is not None:
                writer.close()
