"""An answer goes out to its caller: a head once, then whole frames, or one body."""

import asyncio

import msgspec

from gateway.envelope import openai_error
from gateway.errors import Refusal
from gateway.openai_api import edge
from gateway.openai_api.account import Account
from gateway.openai_api.passing_on import Writer
from gateway.openai_api.sse import frame
from gateway.openai_api.watch import Watch


class HTTPOutlet:
    """Sends to the caller of one request: a head once, then whole frames."""

    def __init__(self, send: edge.Send, watch: Watch, account: Account, incoming: edge.Incoming) -> None:
        self._send = send
        self._watch = watch
        self._account = account
        self._connection = incoming.connection
        self._path = incoming.path
        self.writer: Writer | None = incoming.connection
        self._pinging: asyncio.Task[None] | None = None
        self.started = False
        self._over = False

    async def head(self) -> None:
        """Send the head of a stream, unless a keep-alive has sent it already."""
        if not self.started:
            self.started = True
            headers = [*edge.STREAM_HEAD, *self._account.headers()]
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
        headers = self._account.headers()
        if len(body) > edge.SLICE or not self._connection.whole(headers, bytes(body)):
            await edge.send_json(self._send, 200, body, headers)

    def ping(self) -> None:
        """Send a keep-alive comment between two frames, unless the caller has not read the last one yet."""
        if not self._watch.is_writing:
            self._pinging = asyncio.ensure_future(self._ping())

    async def refuse(self, refusal: Refusal) -> None:
        """Send an error: a proper status where nothing went out yet, else the last event of the stream."""
        self._over = True
        try:
            if self.started:
                await self._send({"type": "http.response.body", "body": self.last_words(refusal)})
            else:
                request_id, headers = self._account.turn.request_id, self._account.headers()
                await edge.send_refusal(self._send, refusal, self._path, request_id, headers)
        except OSError:
            return

    def last_words(self, refusal: Refusal) -> bytes:
        """Make what ends a stream that has failed after its head had gone out."""
        return error_frame(refusal)

    async def _ping(self) -> None:
        if not self._over:
            await self.write(edge.PING)


def error_frame(refusal: Refusal) -> bytes:
    """Make the last event of a stream that failed after its head had gone out."""
    return frame(msgspec.json.encode({"error": openai_error(refusal)}))
