"""A turnstile lets few at once of each workspace do work that costs much, so that no other one waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.errors import Fault, Refusal

AT_ONCE = 2
WAITING = 16


class Turnstile:
    """Lets AT_ONCE of a workspace through in each worker; up to WAITING wait, further ones are refused."""

    def __init__(self, what: str = "searches and comparisons") -> None:
        """`what` names the work to those who are refused."""
        self._what = what
        self._places: dict[str, asyncio.Semaphore] = {}
        self._inside: dict[str, int] = {}

    @asynccontextmanager
    async def through(self, workspace_id: str) -> AsyncIterator[None]:
        """Raises Refusal where too many wait already."""
        inside = self._inside.get(workspace_id, 0)
        if inside >= AT_ONCE + WAITING:
            message = f"Too many {self._what} of this workspace are at work; try again soon."
            raise Refusal(Fault.RATE_LIMITED, message, headers={"retry-after": "1"})
        self._inside[workspace_id] = inside + 1
        place = self._places.setdefault(workspace_id, asyncio.Semaphore(AT_ONCE))
        try:
            async with place:
                yield
        finally:
            self._inside[workspace_id] -= 1
            if not self._inside[workspace_id]:
                del self._inside[workspace_id], self._places[workspace_id]
