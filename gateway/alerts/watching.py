"""Versions are watched: an alert opens once, and closes when fewer of their answers are out of character."""

import time

from gateway.alerts import store
from gateway.alerts.alert import Alert, Subject, Tally
from gateway.config import Alerts
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.work.following import Following
from gateway.work.work import Source

AGAIN_SECONDS = 60.0
"""Seconds between two looks at open alerts, which close as time goes by, too."""
PAUSE_SECONDS = 1.0
"""Seconds between two looks at what has been answered."""


class Watching:
    """Looks for alerts in a work process; its place is in the store, so that the next one goes on there."""

    def __init__(self, settings: Alerts, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._again = 0.0
        self._following = Following(database, store.places, store.keep_place)
        """Its place is kept seldom, as to look at an answer twice changes nothing."""

    def source(self) -> Source:
        return Source(look=self.look, signs=store.SIGNS, pause=PAUSE_SECONDS)

    async def look(self) -> bool:
        """Look at the versions that have answered since the last look; tells whether there may be more."""
        if not self._settings.threshold:
            return False
        place = await self._following.begin()
        if time.monotonic() >= self._again:
            self._again = time.monotonic() + AGAIN_SECONDS
            await self._close()
            async with self._database.write() as connection:
                await store.keep_place(connection, place)
            self._following.kept = place
        async with self._database.read() as connection:
            found = await store.touched(connection, place)
            changed = [one for one in found.subjects if await self._is_changed(connection, one)]
        if changed:
            async with self._database.write() as connection:
                for subject in sorted(changed, key=lambda one: (one.persona_id, one.version)):
                    await self._weigh(connection, subject)
                await store.keep_place(connection, found.at)
            self._following.kept = found.at
        self._following.at = found.at
        return found.has_more

    async def _is_changed(self, connection: AsyncConnection, subject: Subject) -> bool:
        """Tell whether an alert is to be opened or closed."""
        threshold, hours = self._settings.threshold, self._settings.window_hours
        found = await store.tally(connection, subject, hours)
        known = await store.find_open(connection, subject, threshold, hours)
        return self._is_too_much(found) if known is None else found.share < threshold

    async def _weigh(self, connection: AsyncConnection, subject: Subject) -> None:
        """Open or close the alert of a version."""
        threshold, hours = self._settings.threshold, self._settings.window_hours
        found = await store.tally(connection, subject, hours)
        known = await store.find_open(connection, subject, threshold, hours)
        if known is None and self._is_too_much(found):
            await store.fire(connection, subject, found, threshold, hours)
        elif known is not None and found.share < threshold:
            await store.recover(connection, [known])

    async def _close(self) -> None:
        """Close the alerts whose answers are no longer within the window, and those of other settings."""
        after = 0
        while True:
            async with self._database.read() as connection:
                found = await store.open_alerts(connection, after)
                over = [alert for alert in found if await self._is_over(connection, alert)]
            if over:
                async with self._database.write() as connection:
                    await store.recover(connection, over)
            if not found:
                return
            after = found[-1].seq

    async def _is_over(self, connection: AsyncConnection, alert: Alert) -> bool:
        threshold, hours = self._settings.threshold, self._settings.window_hours
        if (alert.threshold, alert.window_hours) != (threshold, hours):
            return True
        return (await store.tally(connection, alert.subject, hours)).share < threshold

    def _is_too_much(self, found: Tally) -> bool:
        enough = found.turns >= self._settings.minimum_turns
        return enough and found.share >= self._settings.threshold
