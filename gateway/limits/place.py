"""A place is where something is counted: the memory of one gateway, or a server that several share."""

from typing import NamedTuple, Protocol

from gateway.limits.bounds import Bound

HOLD_SECONDS = 60
"""Seconds after which what is held is free again, unless its holder says before that it is still there."""


class Unreachable(Exception):
    """Nothing can be counted at this place now."""


class Standing:
    """So much is left of one limit; times are seconds since the Unix epoch."""

    __slots__ = ("bound", "is_taken", "remaining", "reset")

    def __init__(self, bound: Bound, is_taken: bool, remaining: int, reset: float) -> None:
        self.bound = bound
        self.is_taken = is_taken
        """Tells whether what was asked for has been counted."""
        self.remaining = remaining
        self.reset = reset
        """Some of it is free again then."""


class Held(NamedTuple):
    """One that is held."""

    word: str
    """It stands for what is held."""
    remaining: int
    """So many more may be held."""


class Place(Protocol):
    """Each method may raise Unreachable, and Refusal where nobody may be let in without being counted."""

    @property
    def healthy(self) -> bool:
        """Tell whether the place that was chosen is the one that counts."""

    async def take(self, bound: Bound) -> Standing:
        """Count one more, if that is not too much."""

    async def give_back(self, bound: Bound) -> None:
        """Take back the one that was counted just now."""

    async def left(self, bound: Bound) -> Standing:
        """Tell what is left of an amount that is charged afterwards; `is_taken` means that something is."""

    def charge(self, bound: Bound, amount: int) -> None:
        """Count an amount that is known only now, however much it is; it never fails."""

    async def hold(self, bound: Bound) -> Held | None:
        """Hold one for HOLD_SECONDS; `None` where all are held."""

    async def renew(self, bound: Bound, word: str) -> str:
        """Go on holding it from now on, and return its word from now on."""

    async def release(self, bound: Bound, word: str) -> None:
        """Hold it no more."""

    async def watch(self) -> None:
        """Look after the place, until cancelled."""

    async def close(self) -> None:
        """Let go of its connections."""


class Alone:
    """A place that needs no looking after."""

    healthy = True

    async def watch(self) -> None:
        """Return at once."""

    async def close(self) -> None:
        """Return at once, since nothing is open."""
