"""Everybody who is let in comes through the door: by a key, within its limits, for what it may do."""

from typing import Protocol

import msgspec

from gateway.auth.guard import Caller, Guard, Headers, require
from gateway.limits import telling
from gateway.limits.bounds import NONE, Bucket
from gateway.limits.limiter import Limiter
from gateway.limits.telling import Head


class Entrance(Head, Protocol):
    """Stands for the caller's connection."""

    def vouch(self) -> None:
        """Note that the caller has shown a key that is good."""


class Need(msgspec.Struct, frozen=True):
    """A route needs this of whoever calls it."""

    scope: str | None
    operator: bool = False
    bucket: Bucket = "chat"
    """Each request takes one out of this."""
    spends: bool = False
    """Tells whether it takes tokens."""
    is_openai: bool = False


class Door:
    """Every route of the gateway lets its callers in here."""

    def __init__(self, guard: Guard, limiter: Limiter) -> None:
        self.guard = guard
        self.limiter = limiter

    async def admit(self, headers: Headers, entrance: Entrance, need: Need) -> Caller:
        """Find the caller of these ASGI headers. Raises Refusal."""
        caller = await self.guard.caller(headers)
        entrance.vouch()
        if caller.bounds is not NONE:
            told, refused = await self.limiter.enter(
                caller.bounds, need.bucket, spends=need.spends, is_openai=need.is_openai
            )
            entrance.tell_in_head(told)
            if refused is not None:
                raise telling.too_many(refused)
        require(caller, need.scope, operator=need.operator)
        return caller
