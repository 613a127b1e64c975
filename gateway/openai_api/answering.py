"""A route reads and prepares a request, and then answers it; answers that are open end with the process."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, TypeVar

from gateway.auth.door import Door, Need
from gateway.auth.guard import Caller
from gateway.errors import Refusal
from gateway.limits.limiter import Limiter
from gateway.openai_api import edge
from gateway.openai_api.body import too_deep
from gateway.openai_api.bounds import Aside
from gateway.openai_api.life import Life, Outlet
from gateway.openai_api.outlet import HTTPOutlet
from gateway.openai_api.watch import Watch
from gateway.upstreams.deadline import Deadlines

TOTALS = 64
"""Different limits of requests that are remembered; each depends on the upstreams that may be asked."""
NEED = Need("chat:invoke", spends=True, is_openai=True)

Prepared = TypeVar("Prepared")


class Answering:
    """Holds the answers of one kind that are open."""

    surface = ""
    """Says in a word what is answered here, for those who count."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._open: set[Watch] = set()
        self._ends: dict[float, Deadlines] = {}
        """The ends of requests that may take so many seconds."""

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

    def _ends_in(self, total: float) -> Deadlines:
        if len(self._ends) >= TOTALS:
            self._ends.clear()
        found = self._ends[total] = Deadlines(total)
        return found

    async def run(
        self, life: Life, connection: edge.Connection | None, outlet: Callable[[Watch], Outlet]
    ) -> None:
        """See a request through to this outlet; never fails. Without a connection nobody waits for it."""
        life.account.surface = self.surface
        if connection is not None:
            connection.tell(life.account)
        total = life.limit()
        watch = Watch(connection, total=total, ends=self._ends.get(total) or self._ends_in(total))
        if life.account.bounds.tokens:
            life.charge = partial(self._limiter.charge, life.account.bounds)
        self._open.add(watch)
        try:
            await life.run(watch, outlet(watch))
        finally:
            self._open.discard(watch)
            if life.lease is not None:
                await self._limiter.release(life.lease)


class Endpoint(Answering, Generic[Prepared]):
    """The ASGI application behind a route answers every request itself, errors included."""

    def __init__(self, door: Door, aside: Aside, max_body: int) -> None:
        super().__init__(door.limiter)
        self._door = door
        self._aside = aside
        self._max_body = max_body

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        started = time.perf_counter()
        incoming = edge.Incoming(scope)
        try:
            incoming.require_post()
            headers = incoming.named
            caller = await self._door.admit(headers, incoming.connection, NEED)
            body = edge.body_at_hand(headers, incoming.connection, self._max_body)
            if body is None:
                body = await edge.read_body(headers, receive, self._max_body, self._aside)
            prepared = await self.prepare(caller, body, incoming, started)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, incoming.path, incoming.request_id)
        except RecursionError:
            await edge.send_refusal(send, too_deep(), incoming.path, incoming.request_id)
        except edge.CallerGoneError:
            return
        else:
            # Nobody looks at the headers any more, and an answer may take long.
            incoming.headers.clear()
            headers.clear()
            del body
            await self.give(prepared, incoming, send)

    async def prepare(self, caller: Caller, body: bytes, incoming: edge.Incoming, started: float) -> Prepared:
        """Read a request that came in at `time.perf_counter()` seconds. Raises Refusal."""
        raise NotImplementedError

    def give(self, prepared: Prepared, incoming: edge.Incoming, send: edge.Send) -> Awaitable[None]:
        """Answer a request that has been prepared; never fails."""
        raise NotImplementedError
