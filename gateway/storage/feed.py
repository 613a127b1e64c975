"""Rows of a table are read as they are committed, each once, even if an older store is put back."""

from typing import Any, NamedTuple

from sqlalchemy import Column, Row, Select, select

from gateway.storage.backend import Backend
from gateway.storage.connection import AsyncConnection


class Found(NamedTuple):
    rows: list[Row[Any]]
    is_lost: bool
    """Tells whether the place is not in this store, so that rows may be missing in between."""


class Feed:
    """A place in the order of a table; `seq` numbers its rows, `mark` tells a row from another one's."""

    def __init__(self, backend: Backend, seq: Column[int], mark: Column[Any]) -> None:
        self._backend = backend
        self._seq = seq
        self._mark = mark
        self.position = 0
        self._seen: object = None

    async def skip(self, connection: AsyncConnection) -> None:
        """Go behind the newest row."""
        query = select(self._seq, self._mark).order_by(self._seq.desc()).limit(1)
        newest = (await connection.execute(query)).first()
        self.position, self._seen = (newest[0], newest[1]) if newest else (0, None)

    async def look(self, connection: AsyncConnection, query: Select[Any], limit: int) -> Found:
        """Read the rows behind the place, in their order, and move the place behind them.

        `query` selects `seq` and `mark` among others. Once the place is lost, it is behind the newest
        row.
        """
        # The row at the place is read too: if it is missing, or is another one, the store is another one.
        query = query.where(self._seq >= self.position, self._backend.settled(self._seq))
        rows = list((await connection.execute(query.order_by(self._seq).limit(limit + 1))).all())
        if self._is_lost(rows):
            await self.skip(connection)
            return Found([], True)
        if rows and self._number(rows[0]) == self.position:
            self._seen = rows.pop(0)._mapping[self._mark]
        rows = rows[:limit]
        if rows:
            self.position, self._seen = self._number(rows[-1]), rows[-1]._mapping[self._mark]
        return Found(rows, False)

    def _number(self, row: Row[Any]) -> int:
        number: int = row._mapping[self._seq]
        return number

    def _is_lost(self, rows: list[Row[Any]]) -> bool:
        if not rows:
            return self.position > 0
        here = self._number(rows[0]) == self.position
        return here and self._seen is not None and rows[0]._mapping[self._mark] != self._seen
