"""A worker keeps everything that it remembers in caches like this one, which are bounded."""

from collections.abc import Callable, Hashable, Iterator
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _one(_value: object) -> int:
    return 1


class Cache(Generic[K, V]):
    """Forgets what has not been used for the longest time. Several threads may use it.

    `weigh` says how much of the room a value takes.
    """

    def __init__(self, room: int, weigh: Callable[[V], int] = _one) -> None:
        self._room = room
        self._weigh = weigh
        self._taken = 0
        self._kept: dict[K, V] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[K]:
        """Iterate over the keys, the longest unused first."""
        return iter(list(self._kept))

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def recall(self, key: K) -> V | None:
        """Return the value, which counts as used now, or `None` where there is none.

        As long as half of the room is free, nothing is forgotten, and the order of use is not kept.
        """
        if 2 * self._taken <= self._room:
            return self._kept.get(key)
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
            return found

    def keep(self, key: K, value: V) -> None:
        """Remember a value; the newest one stays even where it is larger than all the room."""
        with self._lock:
            known = self._kept.pop(key, None)
            self._taken += self._weigh(value) - (0 if known is None else self._weigh(known))
            self._kept[key] = value
            while self._taken > self._room and len(self._kept) > 1:
                self._taken -= self._weigh(self._kept.pop(next(iter(self._kept))))

    def drop(self, key: K) -> None:
        """Forget one value, if it is there."""
        with self._lock:
            known = self._kept.pop(key, None)
            self._taken -= 0 if known is None else self._weigh(known)

    def drop_where(self, is_stale: Callable[[V], bool]) -> None:
        """Forget every value that is stale by this test."""
        with self._lock:
            for key in [key for key, value in self._kept.items() if is_stale(value)]:
                self._taken -= self._weigh(self._kept.pop(key))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._taken = 0
