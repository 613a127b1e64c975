"""An allowance is what a plan leaves of what the gateway does for a workspace later, when nobody calls."""

from gateway.auth import store
from gateway.limits.bounds import NONE, Bounds, Bucket, of_key
from gateway.limits.limiter import Limiter
from gateway.limits.plans import Plans
from gateway.storage.database import Database


class Allowance:
    """Counts beside the requests of all keys, at the place that they share."""

    def __init__(self, database: Database, plans: Plans, limiter: Limiter) -> None:
        self._database = database
        self._plans = plans
        self._limiter = limiter

    async def wait(self, bucket: Bucket, workspace_id: str, key_id: str | None = None) -> float:
        """Count one more and return 0, or return the seconds after which to ask again.

        `key_id` is the key for which it is done, whose own limits hold too. Raises StoreUnavailable.
        """
        return await self._limiter.wait(await self._bounds(workspace_id, key_id), bucket)

    async def _bounds(self, workspace_id: str, key_id: str | None) -> Bounds:
        async with self._database.read() as connection:
            home = await store.workspace_by_id(connection, workspace_id)
            key = await store.key(connection, workspace_id, key_id) if key_id is not None else None
        if home is None:
            return NONE
        bounds = self._plans.bounds(home.id, home.name, home.plan)
        return bounds if key is None else of_key(bounds, key.limits, key.owner)
