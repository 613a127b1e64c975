"""Memories keep what was worked out before, up to a bound."""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(dict[K, V]):
    """A value that is not there yet is worked out from its key; a full memory forgets everything.

    What is met often is soon there again, and looking it up is as quick as in a plain dictionary.
    """

    __slots__ = ("_is_kept", "_room", "_work_out")

    def __init__(
        self, work_out: Callable[[K], V], room: int, is_kept: Callable[[K, V], bool] | None = None
    ) -> None:
        super().__init__()
        self._work_out, self._room, self._is_kept = work_out, room, is_kept

    def __missing__(self, key: K) -> V:
        value = self._work_out(key)
        if self._is_kept is None or self._is_kept(key, value):
            self.keep(key, value)
        return value

    def keep(self, key: K, value: V) -> None:
        """Remember a value that was worked out elsewhere."""
        if len(self) >= self._room:
            self.clear()
        self[key] = value
