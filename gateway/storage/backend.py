"""What the store needs of a database; `sqlite.py` is the one there is."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import Column, ColumnElement

from gateway.storage.connection import AsyncConnection, AsyncEngine

Mark = tuple[object, ...]


class Backend(Protocol):
    """A database behind SQLAlchemy, and what is not the same in every one."""

    @property
    def place(self) -> str:
        """Where the store is, as people are told."""

    @property
    def readers(self) -> AsyncEngine:
        """Connections whose transactions see one state from their first statement on."""

    @property
    def writers(self) -> AsyncEngine:
        """Connections whose transactions hold the write lock from their start, or fail at once."""

    def is_busy(self, error: Exception) -> bool:
        """Whether a transaction did not start because another process writes."""

    def identity(self) -> Mark | None:
        """Tells one store from another in the same place; `None` where there is none."""

    async def pulse(self, connection: AsyncConnection) -> object:
        """Something that is another one after each commit of another connection; cheap."""

    def settled(self, seq: Column[int]) -> ColumnElement[bool]:
        """Which rows no transaction that is under way can still come before."""

    def limited(self, connection: AsyncConnection, seconds: float) -> AbstractAsyncContextManager[None]:
        """Stop a query that runs when this time is up."""

    def create(self) -> None:
        """Make an empty store where there is none. Raises OSError."""

    async def scrub(self) -> None:
        """Erase from the files what has been deleted; best effort while they are in use."""

    async def close(self) -> None:
        """Close every connection."""
