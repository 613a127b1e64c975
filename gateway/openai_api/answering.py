"""Answers that are open end with the process."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from gateway.limits.limiter import Limiter
from gateway.openai_api import edge
from gateway.openai_api.life import Life, Outlet
from gateway.openai_api.outlet import HTTPOutlet
from gateway.openai_api.watch import Watch


class Answering:
    """Holds the answers of one kind that are open."""

    surface = ""
    """Says in a word what is answered here, for those who count."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._open: set[Watch] = set()

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        """Answer one request, where this is the application behind a route."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """Count the answers that are open."""
        return len(self._open)

    def interrupt(self) -> None:
        """End every open answer, as happens at the end of the process."""
        for watch in list(self._open):
            watch.interrupt("shutdown")

    async def hold(self, life: Life) -> None:
        """Take one of the streams that may go on at the same time, where it is one. Raises Refusal."""
        bounds = life.account.bounds
        if life.is_stream and bounds.streams:
            life.lease = await self._limiter.hold(bounds, "streams")

    def answer(self, life: Life, incoming: edge.Incoming, send: edge.Send) -> Awaitable[None]:
        """See a request through; never fails."""
        return self.run(
            life, incoming.connection, lambda watch: HTTPOutlet(send, watch, life.account, incoming)
        )

    async def run(self, life: Life, connection: edge.Connection, outlet: Callable[[Watch], Outlet]) -> None:
        """See a request through to this outlet; never fails."""
        life.account.surface = self.surface
        connection.tell(life.account)
        watch = Watch(connection, total=life.limit())
        if life.account.bounds.tokens:
            life.charge = partial(self._limiter.charge, life.account.bounds)
        self._open.add(watch)
        try:
            await life.run(watch, outlet(watch))
        finally:
            self._open.discard(watch)
            if life.lease is not None:
                await self._limiter.release(life.lease)
