"""An answer in a conversation is told whole, or as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gateway.envelope import native_error
from gateway.errors import Refusal
from gateway.openai_api import chunk as chunks
from gateway.openai_api.passing_on import Writer
from gateway.openai_api.sse import DONE, Framer
from gateway.openai_api.watch import Watch
from gateway.scoring.transcript import text_of
from gateway.streamed import frame
from gateway.tools.toolbox import Use
from gateway.turns.turn import Drift

AHEAD = 64
"""Events that may wait for a caller who reads slowly."""
ENDED = object()


class Tokens(msgspec.Struct, frozen=True, rename={"in_": "in"}):
    """Tokens of the request and of the answer."""

    in_: int | None
    out: int | None


class ReplyPersona(msgspec.Struct, frozen=True):
    """Who answered."""

    id: str
    slug: str
    version: int


class Truncated(msgspec.Struct, frozen=True):
    """So much was left out of the history that the model was sent."""

    turns: int


class ReplyView(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a message, how far it strays, and what it took."""

    message_id: str
    conversation: str
    parent: str | None
    role: str
    content: str | list[Any] | None
    tool_calls: list[Any] | UnsetType = UNSET
    finish_reason: str | None
    persona: ReplyPersona
    drift: Drift
    coherence: float | None
    tools_used: list[Use]
    tools_unavailable: list[str] | UnsetType = UNSET
    truncated: Truncated | UnsetType = UNSET
    tokens: Tokens
    usage_source: str | None
    cost_usd: float | None


class Whole:
    """Waits for a whole answer, and keeps nothing of it but what went wrong."""

    writer: Writer | None = None

    def __init__(self) -> None:
        self.started = False
        self.refusal: Refusal | None = None

    async def write(self, frames: bytes, *, is_last: bool = False) -> None:
        raise TypeError("no stream was asked for")

    async def close(self) -> None:
        """Send nothing: whoever asked reads the answer where it is kept."""

    async def whole(self, body: bytes | bytearray) -> None:
        """Send nothing: whoever asked reads the answer where it is kept."""

    async def refuse(self, refusal: Refusal) -> None:
        self.refusal = refusal

    def ping(self) -> None:
        """Send nothing, since nothing may go out before the answer is whole."""

    def tell(self, use: Use) -> None:
        """Send nothing, for the same reason."""


class Delta(msgspec.Struct, frozen=True):
    """Brings a piece of the answer's text."""

    message_id: str
    delta: str


class Events:
    """Turns the frames of a chat stream into events of the native API, for whoever iterates over them.

    The first item may be a Refusal: nothing has gone out then.
    """

    writer: Writer | None = None

    def __init__(self, message_id: str, limit: int) -> None:
        self.started = False
        self.watch: Watch | None = None
        """The watch over the request that is answered."""
        self.message_id = message_id
        """The message that is being said."""
        self._framer = Framer(limit)
        self._items: asyncio.Queue[Any] = asyncio.Queue()
        self._taken = asyncio.Event()

    async def write(self, frames: bytes, *, is_last: bool = False) -> None:
        self.started = True
        text = "".join(_text(event.data) for event in self._framer.feed(frames))
        if text:
            self._items.put_nowait(frame("message.delta", msgspec.json.encode(Delta(self.message_id, text))))
        if self.watch is not None:
            self.watch.write()
            while self._items.qsize() > AHEAD:
                self._taken.clear()
                await self._taken.wait()
            self.watch.wrote()

    async def close(self) -> None:
        """Leave the last event to `end`, which knows what it says."""

    async def whole(self, body: bytes | bytearray) -> None:
        raise TypeError("a stream was asked for")

    async def refuse(self, refusal: Refusal) -> None:
        self._items.put_nowait(refusal)

    def ping(self) -> None:
        """Begin the stream, whose keep-alives are sent by whoever sends it."""
        self._items.put_nowait(b"")

    def tell(self, use: Use) -> None:
        """Tell that a tool was called."""
        self._items.put_nowait(frame("tool.completed", msgspec.json.encode(use)))

    def end(self, completed: bytes | None) -> None:
        """End the stream, with this as its last event if all went well."""
        if completed is not None:
            self._items.put_nowait(frame("message.completed", completed))
        self._items.put_nowait(ENDED)

    async def first(self) -> bytes:
        """Return the first event, or an empty one. Raises Refusal where there is none."""
        item = await self._items.get()
        if isinstance(item, Refusal):
            raise item
        if item is ENDED:
            # Whoever asked has left, and nothing was said.
            self._items.put_nowait(ENDED)
            return b""
        first: bytes = item
        return first

    async def rest(self, first: bytes, request_id: str, public_url: str) -> AsyncIterator[bytes]:
        """Yield the events from the first one on, the last of which may tell of a failure."""
        if first:
            yield first
        while (item := await self._items.get()) is not ENDED:
            self._taken.set()
            if isinstance(item, Refusal):
                error = {"error": native_error(item, request_id, public_url)}
                yield frame("error", msgspec.json.encode(error))
                return
            if item:
                yield item


def _text(data: bytes) -> str:
    if data == DONE:
        return ""
    choices = chunks.read(data).choices
    first = choices[0] if isinstance(choices, list) and choices else None
    return text_of(first.delta.content) if first is not None and first.delta is not None else ""
