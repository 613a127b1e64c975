"""A response of the background is followed in the store, by as many as want to, from wherever they were."""

import asyncio
from collections.abc import AsyncIterator, Callable

from gateway.errors import Fault, Refusal
from gateway.limits.limiter import Limiter
from gateway.responses import store
from gateway.responses.beginning import event
from gateway.responses.store import background
from gateway.responses.store.background import Background, Piece
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

LOOK_SECONDS = 0.2
PIECES = 16
"""Pieces that are read at once."""
ENDS = {
    "completed": "completed",
    "incomplete": "incomplete",
    "cancelled": "incomplete",
    "failed": "failed",
}
"""The event that ends the stream of a response in this state; OpenAI has none for one that was cancelled."""
UNTOLD = (
    "`stream` needs a response that was asked for with `background: true` and `stream: true`, and whose end "
    "is not long ago; read it without `stream`."
)


class Following:
    """Follows responses in one process; `is_leaving` tells that the process is about to end."""

    def __init__(self, database: Database, limiter: Limiter, is_leaving: Callable[[], bool]) -> None:
        self._database = database
        self.limiter = limiter
        self._is_leaving = is_leaving

    async def follow(self, found: Background, after: int = -1) -> AsyncIterator[bytes]:
        """Yield the events behind one, as they come, until the last one or until the process is leaving.

        A follower goes on elsewhere, behind the event that it saw last.
        """
        while not self._is_leaving():
            try:
                async with self._database.read() as connection:
                    pieces = await background.told(connection, found, after, PIECES)
                    end = b"" if pieces else await self._end(connection, found, after)
            except StoreUnavailable:
                pieces, end = [], b""
            for piece in pieces:
                yield behind(piece, after)
                after = piece.last
            if end is None:
                return
            if end:
                yield end
                return
            if not pieces:
                await asyncio.sleep(LOOK_SECONDS)

    async def _end(self, connection: AsyncConnection, found: Background, after: int) -> bytes | None:
        """Write the event that ends the stream; empty as long as it goes on, `None` where nothing is left."""
        now = await background.by_id(connection, found.workspace_id, found.id)
        if now is None:
            return None
        if now.ended_at is None:
            return b""
        body = await body_of(connection, now)
        number = await background.last_told(connection, now) + 1
        return event(ENDS[now.status], number, body) if body is not None and number > after else None


async def body_of(connection: AsyncConnection, found: Background) -> bytes | None:
    """Return a response as it stands; `None` where it is gone."""
    if found.body is not None:
        return found.body.encode()
    kept = await store.find(connection, found.workspace_id, found.owner, found.id, reads_all=True)
    return None if kept is None else kept.body.encode()


def behind(piece: Piece, after: int) -> bytes:
    """Return the events of a piece that come behind an event."""
    frames = piece.frames.encode()
    if after < piece.first:
        return frames
    events = frames.split(b"\n\n")
    return b"\n\n".join(events[after - piece.first + 1 :])


def require_told(found: object) -> Background:
    """Raises Refusal where no stream of the response can be followed."""
    if not isinstance(found, Background) or not found.is_streamed:
        raise Refusal(Fault.REQUEST_INVALID, UNTOLD, param="stream")
    return found
