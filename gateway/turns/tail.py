"""Turns as they end, for everybody who listens."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from gateway.storage.database import Database
from gateway.turns import store, view
from gateway.turns.store import Stored

POLL_SECONDS = 0.25
CATCH_UP_SECONDS = 0.02
LOOK = 200
"""Turns in one look; where there are more, the next look follows as soon as listeners could send these."""
WAITING = 2000
"""Turns that may wait for one listener; a slower one is dropped."""

log = logging.getLogger("gateway.turns")


class Event(msgspec.Struct, frozen=True):
    """One server-sent event; `id` is what `Last-Event-ID` resumes at."""

    name: str
    id: str | None
    data: bytes


class Listener:
    """One who listens to the turns of a workspace."""

    def __init__(self, workspace_id: str, persona_id: str | None) -> None:
        self._workspace_id = workspace_id
        self._persona_id = persona_id
        self._waiting: asyncio.Queue[Stored | None] = asyncio.Queue(WAITING)
        self.is_slow = False

    def offer(self, stored: Stored) -> None:
        """Never waits: who does not keep up is told so and dropped."""
        turn = stored.turn
        if turn.workspace_id != self._workspace_id or self.is_slow:
            return
        if self._persona_id is not None and turn.persona_id != self._persona_id:
            return
        try:
            self._waiting.put_nowait(stored)
        except asyncio.QueueFull:
            self.is_slow = True

    def end(self) -> None:
        """Nothing more comes."""
        try:
            self._waiting.put_nowait(None)
        except asyncio.QueueFull:
            self.is_slow = True

    async def events(self, missed: list[Stored]) -> AsyncIterator[Event]:
        """What was missed, then what comes; ends when the listener is dropped or the process stops."""
        last = 0
        for stored in missed:
            last = stored.seq
            yield _event(stored)
        while True:
            if self.is_slow and self._waiting.empty():
                message = b'{"message":"You read too slowly; connect again with Last-Event-ID."}'
                yield Event("stream.dropped", None, message)
                return
            following = await self._waiting.get()
            if following is None:
                return
            if following.seq > last:
                last = following.seq
                yield _event(following)


class Tail:
    """Looks for turns that have ended, while anybody listens; one query for all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._wanted = asyncio.Event()
        self._position = 0
        self._closed = False

    @asynccontextmanager
    async def listening(self, workspace_id: str, persona_id: str | None) -> AsyncIterator[Listener]:
        """A listener to every turn that ends from now on."""
        if not self._listeners:
            async with self._database.read() as connection:
                newest = await store.newest(connection)
            # Meanwhile another one may have come, who must not miss a turn.
            self._position = self._position if self._listeners else newest
        listener = Listener(workspace_id, persona_id)
        self._listeners.add(listener)
        self._wanted.set()
        if self._closed:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream, also those to come, as at the end of the process."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    async def missed(self, workspace_id: str, persona_id: str | None, seq: int) -> list[Stored]:
        """The workspace's turns after this place, as far back as one page reaches."""
        async with self._database.read() as connection:
            wanted = store.Filter(persona_id=persona_id)
            newest = await store.turns(connection, workspace_id, wanted, limit=1000)
        return [stored for stored in reversed(newest) if stored.seq > seq]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not self._listeners:
                self._wanted.clear()
                await self._wanted.wait()
            found = 0
            try:
                found = await self._look()
            except (SQLAlchemyError, OSError) as error:
                log.debug("turns cannot be followed: %s", type(error).__name__)
            await asyncio.sleep(POLL_SECONDS if found < LOOK else CATCH_UP_SECONDS)

    async def _look(self) -> int:
        """How many turns there were."""
        async with self._database.read() as connection:
            ended = await store.ended_since(connection, self._position, limit=LOOK)
        for stored in ended:
            self._position = stored.seq
            for listener in self._listeners:
                listener.offer(stored)
        return len(ended)


def _event(stored: Stored) -> Event:
    return Event("turn.completed", str(stored.seq), msgspec.json.encode(view.show(stored.turn)))
