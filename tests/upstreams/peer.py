"""This upstream is in the test's own loop, for tests of TLS or of answers that come before the request."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(eq=False)
class Line:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """It is set when the script has ended, as it does when the other side hangs up."""

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """Read the body of the next request."""
        head = (await self.head()).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return await self.reader.readexactly(length)

    async def rest(self) -> int:
        """Count the bytes that come until the other side hangs up."""
        count = 0
        while data := await self.reader.read(1 << 16):
            count += len(data)
        return count

    def write(self, data: bytes) -> None:
        self.writer.write(data)


@dataclass(eq=False)
class Peer:
    port: int = 0
    lines: list[Line] = field(default_factory=list)


Script = Callable[[Line], Awaitable[None]]
"""Is run on each connection, which is cut after it."""


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    peer, tasks = Peer(), set[asyncio.Task[None]]()

    async def serve(line: Line) -> None:
        try:
            with suppress(EOFError, OSError):
                await script(line)
        finally:
            line.writer.transport.abort()
            line.gone.set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function, because a task of asyncio's own making could not be awaited at the end.
        peer.lines.append(Line(reader, writer))
        tasks.add(asyncio.get_running_loop().create_task(serve(peer.lines[-1])))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        await server.wait_closed()
