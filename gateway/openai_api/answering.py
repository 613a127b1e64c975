"""Answers that are open end with the process."""

from collections.abc import Awaitable, Callable

from gateway.openai_api import edge
from gateway.openai_api.life import Life, Outlet
from gateway.openai_api.outlet import HTTPOutlet
from gateway.openai_api.watch import Watch


class Answering:
    """Holds the answers of one kind that are open."""

    def __init__(self) -> None:
        self._open: set[Watch] = set()

    def interrupt(self) -> None:
        """End every open answer, as happens at the end of the process."""
        for watch in list(self._open):
            watch.interrupt("shutdown")

    def answer(self, life: Life, incoming: edge.Incoming, send: edge.Send) -> Awaitable[None]:
        """See a request through; never fails."""
        return self.run(
            life, incoming.connection, lambda watch: HTTPOutlet(send, watch, life.account, incoming)
        )

    async def run(self, life: Life, connection: edge.Connection, outlet: Callable[[Watch], Outlet]) -> None:
        """See a request through to this outlet; never fails."""
        connection.tell(life.account)
        watch = Watch(connection, total=life.limit())
        self._open.add(watch)
        try:
            await life.run(watch, outlet(watch))
        finally:
            self._open.discard(watch)
