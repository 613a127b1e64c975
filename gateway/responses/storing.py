"""What is answered in the background goes into the store: the events of a stream, a few times a second."""

import asyncio
import logging

import msgspec

from gateway.errors import Refusal
from gateway.openai_api import chunk as chunks
from gateway.openai_api.passing_on import Writer
from gateway.responses.beginning import FIRST
from gateway.responses.store import background
from gateway.responses.store.background import Background, Piece
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

PAUSE_SECONDS = 0.1
"""Seconds between two writes of a stream's events."""
PIECE_BYTES = 128 * 1024
"""Bytes of events for which the upstream waits until they are written."""
MOST_BYTES = 16 << 20
"""Bytes of events that are kept of one stream; of a longer one, the end alone is told behind them."""
UNTOLD = frozenset(
    [
        # These were told when the response began.
        "response.created",
        "response.queued",
        # These are told by whoever follows, from the response as it has ended.
        "response.completed",
        "response.incomplete",
        "response.failed",
        "error",
    ]
)

log = logging.getLogger("gateway.responses")


class _Event(msgspec.Struct):
    type: str = ""
    sequence_number: int = -1


_event = msgspec.json.Decoder(_Event)


class StoreOutlet:
    """Takes one answer; its end is in the store already when it comes here."""

    def __init__(self, database: Database, found: Background, told: int) -> None:
        """`told` is the number of the last event that followers know of.

        Where an attempt before this one was lost over its answer, what it has told stays told, and of this
        one nothing but its end is.
        """
        self.writer: Writer | None = None
        self.started = False
        self.refusal: Refusal | None = None
        """Says what has gone wrong; `None` where nothing has."""
        self._database = database
        self._found = found
        self._next = told + 1
        self._is_told = found.is_streamed and told < FIRST
        self._room = MOST_BYTES
        self._waiting: list[bytes] = []
        self._size = 0
        self._writing: asyncio.Task[None] | None = None

    async def write(self, frames: bytes, *, is_last: bool = False) -> None:
        self.started = True
        if not self._is_told:
            return
        for frame in frames.split(b"\n\n"):
            if frame:
                self._take(frame.partition(b"\ndata: ")[2])
        if self._waiting and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_soon())
        if self._size > PIECE_BYTES and self._writing is not None:
            await self._writing

    async def close(self) -> None:
        """Write what waits."""
        if self._writing is not None:
            await self._writing

    async def whole(self, body: bytes | bytearray) -> None:
        """Do nothing: it has been kept."""

    async def refuse(self, refusal: Refusal) -> None:
        self.refusal = refusal
        await self.close()

    def ping(self) -> None:
        """Do nothing: nobody waits."""

    def _take(self, data: bytes) -> None:
        event = _event.decode(data)
        if event.type in UNTOLD:
            return
        if event.sequence_number != self._next:
            data = chunks.with_keys(data, {"sequence_number": b"%d" % self._next})
        self._room -= len(data)
        if self._room < 0:
            self._is_told = False
            return
        self._next += 1
        written = b"event: %b\ndata: %b\n\n" % (event.type.encode(), data)
        self._waiting.append(written)
        self._size += len(written)

    async def _write_soon(self) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        while self._waiting:
            frames, self._waiting, self._size = self._waiting, [], 0
            last = self._next - 1
            piece = Piece(last - len(frames) + 1, last, b"".join(frames).decode("utf-8", "replace"))
            try:
                async with self._database.write() as connection:
                    await background.tell(connection, self._found, piece)
            except StoreUnavailable as error:
                log.warning("a stream is not told any further: %s", type(error).__name__)
                self._is_told, self._waiting = False, []
