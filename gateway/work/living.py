"""A process says that it lives, and finds out which others no longer say so."""

import asyncio
import time
from collections.abc import Callable, Sequence

from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.work.store import processes

BEAT_SECONDS = 1.0
GAP_SECONDS = 3.0
"""Seconds between two beats of this process after which it knows nothing of the others any more."""
MISSED_SECONDS = 6.0
"""Seconds of silence after which a process counts as dead."""


class LostPlaceError(Exception):
    """This process has to end: others believe that it is dead, or its store is another one now."""


class Living:
    """Beats for one process.

    Others are judged by what this process itself has seen: clocks of hosts differ, and a store that was away
    has silenced everybody alike.
    """

    def __init__(
        self, database: Database, process_id: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._process_id = process_id
        self._clock = clock
        self._beaten = clock()
        self._seen: dict[str, tuple[int, float]] = {}
        """The last beat of each other process, and since when there was no later one, by this clock."""
        self.lost: list[str] = []
        """The processes that are dead by now, as far as this one knows."""
        self.ended: list[str] = []
        """The processes that have ended as they should, and have left work to others."""

    async def run(self) -> None:
        """Beat until cancelled. Raises LostPlaceError."""
        while True:
            try:
                await self.beat()
            except StoreUnavailable:
                self.lost = self.ended = []
            await asyncio.sleep(BEAT_SECONDS)

    def forget(self, names: Sequence[str]) -> None:
        """Note that others do the work of these by now."""
        self.lost = [name for name in self.lost if name not in names]
        self.ended = [name for name in self.ended if name not in names]

    async def beat(self) -> None:
        """Say that this process lives, and look at the others. Raises LostPlaceError, StoreUnavailable."""
        async with self._database.write() as connection:
            if not await processes.beat(connection, self._process_id):
                raise LostPlaceError("others have missed this process, and do its work")
            beats = await processes.beats(connection)
        now = self._clock()
        if now - self._beaten > GAP_SECONDS:
            self._seen.clear()
        self._beaten, seen = now, self._seen
        del beats[self._process_id]
        self._seen = {
            name: seen[name] if name in seen and seen[name][0] == beat else (beat, now)
            for name, beat in beats.items()
        }
        self.ended = [name for name, (beat, _) in self._seen.items() if beat == processes.VACATED]
        self.lost = [
            name
            for name, (beat, since) in self._seen.items()
            if beat != processes.VACATED and now - since > MISSED_SECONDS
        ]
