"""Answers that are open end with the process."""

from gateway.openai_api import edge
from gateway.openai_api.life import Life
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

    async def answer(self, life: Life, incoming: edge.Incoming, send: edge.Send) -> None:
        """See a request through; never fails."""
        watch = Watch(incoming.connection, total=life.limit())
        self._open.add(watch)
        try:
            await life.run(watch, HTTPOutlet(send, watch, life.account, incoming))
        finally:
            self._open.discard(watch)
