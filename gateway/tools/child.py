"""Tools are called in this process, of which there is one beside the workers.

It starts with no variables of its owner's, so that no command can inherit one, and alone loads the MCP SDK.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from typing import Any

import msgspec

from gateway.egress.fetcher import Fetcher
from gateway.telemetry import logs
from gateway.tools import search
from gateway.tools.tool import LINE_BYTES, WEB, Call, Job, Listing, Order, Result, Tool

PARENT_SECONDS = 0.5
AT_ONCE = 64
"""Calls that are under way at once; further ones wait within their own time."""


_order = msgspec.json.Decoder(Order)


class Child:
    """Answers one order on each connection; whoever closes it calls the order off."""

    def __init__(self, job: Job) -> None:
        self._search = job.search
        self._fetcher = Fetcher(job.egress)
        self._turnstile = asyncio.Semaphore(AT_ONCE)
        self._servers: dict[str, Any] = {}
        if job.tools:
            from gateway.tools.server import Server

            for name, table in job.tools.items():
                self._servers[name] = Server(name, table, job.environment.get(name, {}), self._fetcher)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the order on one connection."""
        work: asyncio.Task[bytes] | None = None
        try:
            order = _order.decode(await reader.readline())
            work = asyncio.create_task(self._work(order))
            gone = asyncio.create_task(reader.read(1))
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if work.done():
                writer.write(work.result() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            # The worker has left, or has sent what is no order.
            pass
        finally:
            if work is not None and not work.done():
                work.cancel()
                await asyncio.wait([work])
            writer.close()

    async def close(self) -> None:
        await asyncio.gather(*(server.close() for server in self._servers.values()), return_exceptions=True)
        await self._fetcher.close()

    async def _work(self, order: Order) -> bytes:
        if order.call is not None:
            return msgspec.json.encode(await self._call(order.call))
        names = [name for name in order.servers if name == WEB or name in self._servers]
        found = await asyncio.gather(*map(self._tools, names))
        tools = {name: each for name, each in zip(names, found, strict=True) if each is not None}
        return msgspec.json.encode(Listing(tools))

    async def _tools(self, name: str) -> list[Tool] | None:
        """List the tools of a server; `None` where it cannot be reached."""
        if name == WEB:
            return [search.TOOL] if self._search else None
        from gateway.tools.server import Unreachable

        try:
            found: list[Tool] = await self._servers[name].tools()
        except Unreachable:
            return None
        return found

    async def _call(self, call: Call) -> Result:
        try:
            async with asyncio.timeout(call.seconds), self._turnstile:
                if call.server == WEB:
                    return await search.search(
                        self._fetcher, self._search, call.arguments, call.seconds, call.bytes
                    )
                server = self._servers[call.server]
                found: Result = await server.call(call.tool, call.arguments, call.seconds, call.bytes)
                return found
        except TimeoutError:
            return Result("timed_out", f"The tool has not answered within {call.seconds:g} seconds.")


async def serve(job: Job) -> None:
    """Answer orders until told to stop, or until the owner is gone."""
    child, stopping = Child(job), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    listener = socket.socket(fileno=job.listener)
    server = await asyncio.start_unix_server(child.answer, sock=listener, limit=LINE_BYTES)
    while not stopping.is_set() and os.getppid() == job.parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), PARENT_SECONDS)
    server.close()
    await child.close()


def main() -> None:
    # Ctrl-C reaches the whole process group, but when to stop is for the owner to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    logs.configure(job.log)
    # The SDK's and its parts' lines hold URLs and texts of calls.
    for name in ("mcp", "httpx2", "httpcore2", "client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.run(serve(job))


if __name__ == "__main__":
    main()
