"""An answer is watched while it goes to its caller, and can end in one way only."""

import asyncio
import logging

import msgspec

from gateway.errors import Fault, Refusal, openai_error
from gateway.openai_api import edge
from gateway.openai_api.life import Life
from gateway.openai_api.sse import frame
from gateway.openai_api.watch import Watch

log = logging.getLogger("gateway.chat")


class Answering:
    """Holds the answers of one kind that are open."""

    def __init__(self, keep_alive: float) -> None:
        self._keep_alive = keep_alive
        self._open: set[Watch] = set()

    def interrupt(self) -> None:
        """End every open answer, as happens at the end of the process."""
        for watch in list(self._open):
            watch.interrupt("shutdown")

    async def answer(self, life: Life, incoming: edge.Incoming, send: edge.Send) -> None:
        """See a request through; never fails."""
        watch = Watch(incoming.connection, total=life.limit())
        outlet = Outlet(send, watch, life, incoming.path)
        self._open.add(watch)
        try:
            async with watch:
                if life.is_stream:
                    watch.keep_alive(self._keep_alive, outlet.ping)
                    async for frames in life.stream(watch, incoming.connection):
                        await outlet.write(frames, is_last=life.is_last)
                        del frames
                else:
                    body = await life.fetch()
            life.end(None)
            await (outlet.close() if life.is_stream else outlet.whole(body))
        except Exception as error:
            refusal = life.end(error, has_begun=outlet.started).refusal
            if refusal is not None:
                if refusal.fault is Fault.INTERNAL:
                    log.error(
                        "unexpected %s in turn %s", type(error).__name__, life.account.turn.id, exc_info=True
                    )
                await outlet.refuse(refusal)
        except BaseException as error:
            life.end(error)
            raise
        finally:
            self._open.discard(watch)
            await life.hang_up()


class Outlet:
    """Sends to the caller of one request: a head once, then whole frames."""

    def __init__(self, send: edge.Send, watch: Watch, life: Life, path: str) -> None:
        self._send = send
        self._watch = watch
        self._life = life
        self._path = path
        self._pinging: asyncio.Task[None] | None = None
        self.started = False
        self._over = False

    async def head(self) -> None:
        """Send the head of a stream, unless a keep-alive has sent it already."""
        if not self.started:
            self.started = True
            headers = [*edge.STREAM_HEAD, *self._life.account.headers()]
            await self._send(edge.start(200, headers))

    async def write(self, frames: bytes, *, is_last: bool = False) -> None:
        """Send whole frames at once; waits while the caller is slow to read."""
        self._watch.write()
        await self.head()
        self._over = self._over or is_last
        await self._send({"type": "http.response.body", "body": frames, "more_body": not is_last})
        self._watch.wrote()

    async def close(self) -> None:
        if not self._over:
            self._over = True
            await self._send({"type": "http.response.body", "body": b""})

    async def whole(self, body: bytes | bytearray) -> None:
        await edge.send_json(self._send, 200, body, self._life.account.headers())

    def ping(self) -> None:
        """Send a keep-alive comment between two frames, unless the caller has not read the last one yet."""
        if not self._watch.is_writing:
            self._pinging = asyncio.ensure_future(self._ping())

    async def refuse(self, refusal: Refusal) -> None:
        """Send an error: a proper status where nothing went out yet, else the last event of the stream."""
        self._over = True
        # This comes first, since a caller who reads slowly may make us wait.
        await self._life.hang_up()
        try:
            if self.started:
                await self._send({"type": "http.response.body", "body": error_frame(refusal)})
            else:
                account = self._life.account
                request_id, headers = account.turn.request_id, account.headers()
                await edge.send_refusal(self._send, refusal, self._path, request_id, headers)
        except OSError:
            return

    async def _ping(self) -> None:
        if not self._over:
            await self.write(edge.PING)


def error_frame(refusal: Refusal) -> bytes:
    """Make the last event of a stream that failed after its head had gone out."""
    return frame(msgspec.json.encode({"error": openai_error(refusal)}))
