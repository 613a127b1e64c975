"""A lease is one of the few things that may go on at the same time; it ends by itself unless renewed."""

import logging

from gateway.limits.bounds import Bound
from gateway.limits.place import Place, Unreachable

log = logging.getLogger("gateway.limits")


class Lease:
    """Holds one at each of the bounds."""

    def __init__(self) -> None:
        self._held: list[tuple[Place, Bound, str]] = []

    def __bool__(self) -> bool:
        return bool(self._held)

    def add(self, place: Place, bound: Bound, word: str) -> None:
        self._held.append((place, bound, word))

    async def renew(self) -> None:
        """Go on holding. Where a place cannot be reached, it ends there by itself."""
        kept = []
        for place, bound, word in self._held:
            try:
                kept.append((place, bound, await place.renew(bound, word)))
            except Unreachable:
                log.warning("a lease of %s could not be renewed", bound.bucket)
                kept.append((place, bound, word))
        # It may have been released meanwhile.
        self._held = kept if self._held else []

    async def release(self) -> None:
        """Let go of it; this may be called any number of times."""
        held, self._held = self._held, []
        for place, bound, word in held:
            try:
                await place.release(bound, word)
            except Unreachable:
                continue
