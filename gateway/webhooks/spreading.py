"""Events are put on their way to the webhooks that want them, each event once, in their order."""

from functools import partial

from gateway.events import store as events
from gateway.storage import properties
from gateway.storage.database import Database
from gateway.webhooks.store import deliveries, endpoints
from gateway.webhooks.store.endpoints import PLACE
from gateway.webhooks.webhook import TEST
from gateway.work.work import Source

AT_ONCE = 100
"""Events in one transaction."""
MOST = 500
"""Deliveries in one transaction, but for those of its last event: others wait for their turn to write."""


def source(database: Database) -> Source:
    """Have them put on their way whenever there are new ones."""
    return Source(look=partial(spread, database), signs=endpoints.SIGNS)


async def spread(database: Database) -> bool:
    """Make deliveries of the events that are new, and tell whether there may be more.

    The place is kept with the deliveries, so that nothing is left out or made twice, whoever is killed.
    """
    async with database.read() as connection:
        place, newest = await endpoints.places(connection)
        if place is None or newest <= place:
            return False
    async with database.write() as connection:
        behind = (await endpoints.places(connection))[0] or 0
        found = await events.since(connection, behind, AT_ONCE)
        if not found:
            return False
        webhooks = await endpoints.enabled(connection, {event.workspace_id for event in found})
        made = 0
        for event in found:
            behind = event.seq
            # A test was put on its way by whoever asked for it.
            if event.type != TEST:
                wanting = [one for one in webhooks if one.wants(event)]
                made += len(await deliveries.add(connection, event, wanting))
            if made >= MOST:
                break
        await properties.put(connection, PLACE, str(behind))
    return len(found) == AT_ONCE or behind != found[-1].seq
