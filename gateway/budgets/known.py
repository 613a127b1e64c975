"""A worker remembers which calls budgets bind; how much is left only the store knows."""

from collections.abc import Mapping, Sequence

from gateway.budgets.budget import Line
from gateway.budgets.store import records
from gateway.cache import Cache
from gateway.errors import Fault, Refusal
from gateway.storage.changes import Change
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

CAPACITY = 10_000
"""Workspaces that are remembered; the longest unused goes first."""

Lines = Mapping[str, tuple[Line, ...]]


class Known:
    """The budgets of workspaces; one that was seen before costs no SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fresh: Cache[str, Lines] = Cache(CAPACITY)
        self.free: set[str] = set()
        """Workspaces that are known to have no budget: their calls need ask nothing further."""
        self._last: Cache[str, Lines] = Cache(CAPACITY)
        """Budgets as they were known last, for as long as the store cannot be read."""
        self._epoch = 0

    async def lines(self, workspace_id: str) -> Lines:
        """Find the workspace's budgets by their subjects. Raises Refusal."""
        found = self._fresh.recall(workspace_id)
        return await self._load(workspace_id) if found is None else found

    def forget(self, changes: Sequence[Change]) -> None:
        """Drop what was changed; an empty sequence means everything."""
        stale = {change.subject for change in changes if change.topic == records.TOPIC}
        if changes and not stale:
            return
        self._epoch += 1
        if not changes:
            self.free.clear()
            self._fresh.clear()
        self.free -= stale
        for workspace_id in stale:
            self._fresh.drop(workspace_id)

    async def _load(self, workspace_id: str) -> Lines:
        epoch = self._epoch
        try:
            async with self._database.read() as connection:
                found: Lines = await records.lines(connection, workspace_id)
        except StoreUnavailable:
            last = self._last.recall(workspace_id)
            if last is None:
                raise Refusal(Fault.STORE_UNAVAILABLE) from None
            return last
        # A change that came in during the read may be newer than what was read.
        if epoch == self._epoch:
            self._last.keep(workspace_id, found)
            self._fresh.keep(workspace_id, found)
            if not found:
                if len(self.free) >= CAPACITY:
                    self.free.clear()
                self.free.add(workspace_id)
        return found
