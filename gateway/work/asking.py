"""Sources are asked whether there is work to make, each when its signs tell of something new."""

import time
from collections.abc import Sequence

from gateway.work.work import Source

RARELY_SECONDS = 30.0
"""Seconds after which a source is asked in any case: time passes too."""


class Asking:
    """Remembers what each source has seen; it knows nothing at first, so that each is asked once."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._asked = [_Asked(source) for source in sources]

    @property
    def due_at(self) -> float:
        """The time, by the monotonic clock, at which some source is to be asked even if nobody writes."""
        return min((one.due_at for one in self._asked), default=time.monotonic() + RARELY_SECONDS)

    async def ask(self, signs: Sequence[object]) -> bool | None:
        """Ask whom it concerns; tells whether there may be more at once, and `None` if nobody was asked."""
        now, begin, said = time.monotonic(), 0, []
        for one in self._asked:
            end = begin + len(one.source.signs)
            if one.is_wanted(tuple(signs[begin:end]), now):
                said.append(await one.ask(tuple(signs[begin:end]), now))
            begin = end
        return any(said) if said else None


class _Asked:
    """One source, and when it was asked last."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._signs: tuple[object, ...] | None = None
        self._asked_at = float("-inf")
        self._is_wanted = True
        """It has something to do, as far as is known, once it has paused."""

    @property
    def due_at(self) -> float:
        return self._asked_at + (self.source.pause if self._is_wanted else RARELY_SECONDS)

    def is_wanted(self, signs: tuple[object, ...], now: float) -> bool:
        self._is_wanted = self._is_wanted or signs != self._signs
        return now >= self.due_at

    async def ask(self, signs: tuple[object, ...], now: float) -> bool:
        self._signs, self._asked_at, self._is_wanted = signs, now, False
        has_more = await self.source.look()
        if has_more:
            self._is_wanted, self._asked_at = True, float("-inf")
        return has_more
