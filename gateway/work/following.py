"""Whoever follows rows goes on from a place that is kept in the store, seldom, beside what was found."""

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, Self, TypeVar

from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database


class _Place(Protocol):
    def is_behind(self, other: Self) -> bool: ...


Place = TypeVar("Place", bound=_Place)


class Following(Generic[Place]):
    """Remembers up to where was looked, and which place was last seen in the store."""

    def __init__(
        self,
        database: Database,
        places: Callable[[AsyncConnection], Awaitable[tuple[Place | None, Place]]],
        keep: Callable[[AsyncConnection, Place], Awaitable[None]],
    ) -> None:
        """`places` gives the place that is kept, `None` before the first look, and one behind all rows."""
        self._database, self._places, self._keep = database, places, keep
        self.at: Place | None = None
        """All before it was looked at."""
        self.kept: Place | None = None
        """The place in the store, as it was last seen there."""

    async def begin(self) -> Place:
        """Return the place to go on from; on a new store, what is there already is no news.

        An older store may have been put back, or another process may have kept its place: what is kept there
        is another place then than was seen last, or there is less than was looked at.
        """
        async with self._database.read() as connection:
            kept, newest = await self._places(connection)
        if kept is None:
            kept = newest
            async with self._database.write() as connection:
                await self._keep(connection, kept)
        if self.at is None or kept != self.kept or newest.is_behind(self.at):
            self.kept = self.at = kept
        return self.at
