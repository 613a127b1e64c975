"""Limits are counted in memory that the workers of one gateway share."""

import time

from gateway.limits.bounds import Bound
from gateway.limits.place import Alone, Held, Standing, Unreachable
from gateway.limits.table import Table, TableFullError
from gateway.limits.telling import uncounted

NAMES = 2**64 - 1
"""Names are hashed with the secret of Python's own hash, which forked workers have in common."""


class Memory(Alone):
    """The place of one gateway's own counts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def take(self, bound: Bound) -> Standing:
        try:
            is_taken, total, oldest, _ = self._table.take(hash(bound.name) & NAMES, 1, bound.amount)
        except TableFullError:
            raise uncounted() from None
        return Standing(bound, is_taken, bound.amount - total, time.time() + self._table.until(oldest))

    async def give_back(self, bound: Bound) -> None:
        try:
            self._table.give_back(hash(bound.name) & NAMES, self._table.now())
        except TableFullError:
            return

    async def left(self, bound: Bound) -> Standing:
        try:
            _, total, oldest, _ = self._table.look(hash(bound.name) & NAMES)
        except TableFullError:
            raise uncounted() from None
        remaining = max(0, bound.amount - total)
        return Standing(bound, remaining > 0, remaining, time.time() + self._table.until(oldest))

    def charge(self, bound: Bound, amount: int) -> None:
        try:
            self._table.add(hash(bound.name) & NAMES, amount)
        except TableFullError:
            return

    async def hold(self, bound: Bound) -> Held | None:
        try:
            counted = self._table.take(hash(bound.name) & NAMES, 1, bound.amount)
        except TableFullError:
            raise uncounted() from None
        return Held(str(counted.cell), bound.amount - counted.total) if counted.is_taken else None

    async def renew(self, bound: Bound, word: str) -> str:
        try:
            return str(self._table.renew(hash(bound.name) & NAMES, int(word)))
        except TableFullError:
            raise Unreachable from None

    async def release(self, bound: Bound, word: str) -> None:
        try:
            self._table.give_back(hash(bound.name) & NAMES, int(word))
        except TableFullError:
            raise Unreachable from None
