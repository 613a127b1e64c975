"""What happens in a run is followed in the store, by as many as want to, from wherever they were."""

import asyncio
from collections.abc import AsyncIterator, Callable

from gateway.runs import store
from gateway.runs.run import LAST, OPEN, Event
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

LOOK_SECONDS = 0.2


async def follow(
    database: Database, run_id: str, after: int = 0, is_leaving: Callable[[], bool] = lambda: False
) -> AsyncIterator[Event]:
    """Yield the events behind one, as they come, until the last one or until the process is leaving.

    A follower goes on elsewhere, behind the event that it saw last.
    """
    while not is_leaving():
        try:
            async with database.read() as connection:
                found = await store.happened(connection, run_id, after)
                is_there = found or await store.find(connection, run_id) is not None
        except StoreUnavailable:
            found, is_there = [], True
        for event in found:
            yield event
            if event.type in LAST:
                return
            after = event.number
        if not is_there:
            # Its persona was purged, and the run with it.
            return
        await asyncio.sleep(LOOK_SECONDS)


async def wait(database: Database, run_id: str, is_wanted: Callable[[], bool]) -> bool:
    """Wait for the end of a run while that is wanted, and tell whether it has come."""
    while is_wanted():
        try:
            async with database.read() as connection:
                run = await store.find(connection, run_id)
        except StoreUnavailable:
            run = None
        else:
            if run is None or run.status not in OPEN:
                return True
        await asyncio.sleep(LOOK_SECONDS)
    return False


def frame(event: Event) -> bytes:
    """Write an event as server-sent events want it; `id` is where a follower goes on."""
    head = f"event: {event.type}\nid: {event.number}\n".encode()
    return head + b"data: " + bytes(event.data) + b"\n\n"
