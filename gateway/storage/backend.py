"""The store needs this of a database; `sqlite.py` and `postgres.py` are the ones that there are."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import Column, ColumnElement

from gateway.storage.connection import AsyncConnection, AsyncEngine

Mark = tuple[object, ...]


class Backend(Protocol):
    """A database behind SQLAlchemy, as far as databases differ."""

    @property
    def place(self) -> str:
        """The place of the store, as people are told."""

    @property
    def readers(self) -> AsyncEngine:
        """Connections whose transactions see one state from their first statement on."""

    @property
    def writers(self) -> AsyncEngine:
        """Connections whose transactions hold the write lock from their start, or fail at once."""

    def is_busy(self, error: Exception) -> bool:
        """Tell whether a transaction did not start because another process writes."""

    def identity(self) -> Mark | None:
        """Return a value that tells one store from another in the same place; `None` where there is none."""

    async def pulse(self, connection: AsyncConnection) -> object:
        """Return, cheaply, a value that changes with each commit of another connection."""

    def listening(self, connection: AsyncConnection) -> AbstractAsyncContextManager[asyncio.Event | None]:
        """Have an event set when the database tells of a change, or when the connection has gone.

        `None` means that this database never tells.
        """

    def settled(self, seq: Column[int]) -> ColumnElement[bool]:
        """Select the rows that no transaction under way can still come before."""

    def limited(self, connection: AsyncConnection, seconds: float) -> AbstractAsyncContextManager[None]:
        """Stop a query that runs when this time is up."""

    def create(self) -> bool:
        """Make a store where there is none, and tell whether it has its tables already. Raises OSError."""

    async def scrub(self) -> None:
        """Erase from the files what has been deleted; best effort while they are in use."""

    async def vacuum(self) -> None:
        """Give the room of what has been deleted back to the system; nobody can write meanwhile."""

    async def close(self) -> None:
        """Close every connection."""
