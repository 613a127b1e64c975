"""Memories keep what was worked out before, up to a bound of their own and one that all of them share."""

import sys
from collections.abc import Callable
from functools import lru_cache
from threading import RLock
from typing import NamedTuple, Protocol, TypeVar
from weakref import ref

K = TypeVar("K")
V = TypeVar("V")

BYTES = 64 * 1024 * 1024
"""Bytes that all memories of a process hold together. Words are weighed in each memory, though memories share
them, so that it comes to 40 MB; one language that is spoken a lot takes 5 to 10."""
SLOT = 64
"""Bytes that a dictionary takes for one more word, about."""
WORD = 56
"""Bytes of a word, about."""
HELD = 120
"""Bytes of what stands in a list or dictionary, for each of its entries, about."""
_HOLDING = (dict, list, tuple)


class Forgetful(Protocol):
    """It shares the room, and can be emptied at any time, by any thread."""

    def clear(self) -> None: ...


class _Share(NamedTuple):
    owner: "ref[Forgetful]"
    size: int


class Room:
    """The bytes that some memories share; any thread may call any method."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._shares: dict[int, _Share] = {}
        """By the owners' ids, those that have learnt nothing for longest first."""
        # What is collected meanwhile may be a memory.
        self._lock = RLock()

    @property
    def taken(self) -> int:
        """Bytes that are held now, those of memories that are gone included."""
        return self._taken

    def take(self, owner: Forgetful, size: int) -> None:
        """Note that one has learnt so much; who has learnt nothing for longest forgets all, to make room."""
        with self._lock:
            before = self._leave(id(owner))
            held = before.size if before is not None and before.owner() is owner else 0
            self._shares[id(owner)] = _Share(ref(owner), held + size)
            self._taken += held + size
            while self._taken > self._size and self._shares:
                gone = self._leave(next(iter(self._shares)))
                found = gone.owner() if gone is not None else None
                if found is not None:
                    found.clear()

    def give(self, owner: Forgetful) -> None:
        """Note that one holds nothing any more."""
        with self._lock:
            self._leave(id(owner))

    def _leave(self, key: int) -> _Share | None:
        share = self._shares.pop(key, None)
        if share is not None:
            self._taken -= share.size
        return share


@lru_cache(maxsize=1)
def shared() -> Room:
    """Give the room of this process."""
    return Room(BYTES)


class Memory(dict[K, V]):
    """A value that is not there yet is worked out from its key; a full memory forgets everything.

    What is met often is soon there again, and looking it up is as quick as in a plain dictionary.
    """

    __slots__ = ("__weakref__", "_is_kept", "_most", "_room", "_work_out")

    def __init__(
        self,
        work_out: Callable[[K], V],
        most: int,
        is_kept: Callable[[K, V], bool] | None = None,
        room: Room | None = None,
    ) -> None:
        """Without a `room` it is in that of the process."""
        super().__init__()
        self._work_out, self._most, self._is_kept = work_out, most, is_kept
        self._room = shared() if room is None else room

    def __missing__(self, key: K) -> V:
        value = self._work_out(key)
        if self._is_kept is None or self._is_kept(key, value):
            self.keep(key, value)
        return value

    def keep(self, key: K, value: V) -> None:
        """Remember a value that was worked out elsewhere."""
        if len(self) >= self._most:
            self.clear()
            self._room.give(self)
        self[key] = value
        self._room.take(self, SLOT + weight(key) + weight(value))


def weight(value: object) -> int:
    """Estimate the bytes of a value and of what is in it."""
    size = sys.getsizeof(value)
    if isinstance(value, tuple):
        for one in value:
            if one.__class__ is str:
                size += WORD
            elif isinstance(one, tuple) and one.__class__ is not tuple:
                size += weight(one)
            elif one and one.__class__ in _HOLDING:
                size += sys.getsizeof(one) + HELD * len(one)
    return size
