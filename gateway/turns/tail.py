"""Turns go to everybody who listens, as they end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from gateway.auth.guard import Caller
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.turns import view
from gateway.turns.store import amendments, turns
from gateway.turns.store.amendments import After, Amended
from gateway.turns.store.rows import Stored

POLL_SECONDS = 0.25
CATCH_UP_SECONDS = 0.02
LOOK = 200
"""Turns in one look; if there are more, the next look follows as soon as listeners could send these."""
WAITING = 2000
"""Turns that may wait for one listener; a slower one is dropped."""
MISSED = 1000
"""The most turns that are told to a listener who comes back."""

log = logging.getLogger("gateway.turns")


class Event(msgspec.Struct, frozen=True):
    """One server-sent event; a stream can be resumed behind it by sending `id` as `Last-Event-ID`."""

    name: str
    id: str | None
    data: bytes


class Gap(msgspec.Struct, frozen=True):
    """Turns may be missing here; they are complete again from these places on."""

    seq: int
    amendment: int = 0


class Missed(msgspec.Struct, frozen=True):
    """The turns that came after the last event that a listener has seen."""

    turns: list[Stored]
    gap: Gap | None
    """Set where there may be more turns in between than these."""
    amendments: list[Amended] = []


class Listener:
    """One who listens to the turns of a workspace."""

    def __init__(self, caller: Caller, persona_id: str | None) -> None:
        self._caller = caller
        self._persona_id = persona_id
        self._waiting: asyncio.Queue[Stored | Amended | Gap | None] = asyncio.Queue(WAITING)
        self.is_slow = False

    def offer(self, following: Stored | Amended | Gap) -> None:
        """Never waits: a listener who does not keep up is told so and dropped."""
        stored = following.stored if isinstance(following, Amended) else following
        if isinstance(stored, Gap) or self._is_wanted(stored):
            self._put(following)

    def end(self) -> None:
        """End the stream: nothing more comes."""
        self._put(None)

    async def events(self, missed: Missed | None) -> AsyncIterator[Event]:
        """Yield what was missed, then what comes; ends when the listener is dropped or the process stops."""
        last, amended = 0, 0
        if missed is not None:
            if missed.gap is not None:
                yield _gap(missed.gap)
            found: list[Stored | Amended] = [*missed.turns, *missed.amendments]
            for each in sorted(found, key=_order):
                if isinstance(each, Amended):
                    amended = each.seq
                else:
                    last = each.seq
                yield self._event(each)
        while True:
            if self.is_slow and self._waiting.empty():
                message = b'{"message":"You read too slowly; connect again with Last-Event-ID."}'
                yield Event("stream.dropped", None, message)
                return
            following = await self._waiting.get()
            if following is None:
                return
            if isinstance(following, Gap):
                # Numbers may begin anew in a store that has taken the place of another one.
                last, amended = following.seq, following.amendment
                yield _gap(following)
            elif isinstance(following, Amended):
                if following.seq > amended:
                    amended = following.seq
                    yield self._event(following)
            elif following.seq > last:
                last = following.seq
                yield self._event(following)

    def _is_wanted(self, stored: Stored) -> bool:
        turn = stored.turn
        if turn.workspace_id != self._caller.workspace_id:
            return False
        return self._persona_id is None or turn.persona_id == self._persona_id

    def _put(self, following: Stored | Amended | Gap | None) -> None:
        if self.is_slow:
            return
        try:
            self._waiting.put_nowait(following)
        except asyncio.QueueFull:
            self.is_slow = True

    def _event(self, following: Stored | Amended) -> Event:
        stored = following.stored if isinstance(following, Amended) else following
        shown = msgspec.json.encode(view.show(stored.turn, nameless=not stored.is_named_to(self._caller)))
        if isinstance(following, Amended):
            return Event(f"turn.{following.kind}", f"{following.behind}.{following.seq}", shown)
        return Event("turn.completed", str(stored.seq), shown)


class Tail:
    """Looks for turns that have ended while anybody listens, with one query for all listeners."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._wanted = asyncio.Event()
        self._place = turns.feed(database)
        self._amended = amendments.feed(database)
        self._closed = False

    @asynccontextmanager
    async def listening(self, caller: Caller, persona_id: str | None) -> AsyncIterator[Listener]:
        """Yield a listener to every turn that ends from now on."""
        if not self._listeners:
            place, amended = turns.feed(self._database), amendments.feed(self._database)
            async with self._database.read() as connection:
                await place.skip(connection)
                await amended.skip(connection)
            # Another listener may have come meanwhile, who must not miss a turn.
            if not self._listeners:
                self._place, self._amended = place, amended
        listener = Listener(caller, persona_id)
        self._listeners.add(listener)
        self._wanted.set()
        if self._closed:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream, also those to come, as happens at the end of the process."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    async def missed(self, workspace_id: str, persona_id: str | None, after: After) -> Missed:
        """Find the workspace's turns and amendments behind this place, the newest MISSED of each."""
        wanted = turns.Filter(persona_id=persona_id)
        async with self._database.read() as connection:
            oldest, newest = await turns.oldest(connection), await turns.newest(connection)
            found = await turns.listed(connection, workspace_id, wanted, limit=MISSED + 1)
            changed = await amendments.missed(connection, workspace_id, persona_id, after, limit=MISSED + 1)
        if after.seq > newest:
            # The event belongs to another store than this one, for instance because a backup was put back.
            return Missed([], Gap(newest))
        behind = [stored for stored in reversed(found) if stored.seq > after.seq]
        if len(behind) > MISSED:
            return Missed(behind[1:], Gap(behind[0].seq), changed[-MISSED:])
        gap = Gap(after.seq, changed[0].seq) if len(changed) > MISSED else None
        if after.seq < oldest - 1:
            # The turns behind it are so old that they have been deleted.
            gap = Gap(oldest - 1, changed[0].seq if changed else 0)
        return Missed(behind, gap, changed[-MISSED:])

    async def run(self) -> None:
        """Look for turns until cancelled."""
        while True:
            if not self._listeners:
                self._wanted.clear()
                await self._wanted.wait()
            found = 0
            try:
                found = await self._look()
            except StoreUnavailable as error:
                log.debug("turns cannot be followed: %s", error)
            await asyncio.sleep(POLL_SECONDS if found < LOOK else CATCH_UP_SECONDS)

    async def _look(self) -> int:
        """Look once, and return how many turns and amendments there were, of whichever there were more."""
        async with self._database.read() as connection:
            ended = await turns.ended(connection, self._place, limit=LOOK)
            changed = await amendments.changed(connection, self._amended, limit=LOOK)
        is_lost = ended.is_lost or changed.is_lost
        gaps = [Gap(self._place.position, self._amended.position)] if is_lost else []
        found: list[Stored | Amended] = [*ended.turns, *changed.amendments]
        for each in [*gaps, *sorted(found, key=_order)]:
            for listener in self._listeners:
                listener.offer(each)
        return max(len(ended.turns), len(changed.amendments))


def _order(following: Stored | Amended) -> tuple[int, int]:
    """Put turns in the order in which they ended, and each amendment behind the turn that it came behind."""
    if isinstance(following, Amended):
        return following.behind, following.seq
    return following.seq, 0


def _gap(gap: Gap) -> Event:
    message = b'{"message":"Turns may be missing before the next one; GET /v1/turns lists them."}'
    return Event("stream.gap", str(gap.seq), message)
