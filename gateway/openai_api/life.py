"""A request lives from its preparation to its record, whatever it asks for."""

import asyncio
import time
from collections.abc import AsyncIterator

from gateway.config import Chat, Price, Route
from gateway.openai_api.account import Account, Source
from gateway.openai_api.ending import Ending, ending
from gateway.openai_api.passing_on import Writer
from gateway.openai_api.watch import Watch
from gateway.turns.recorder import Recorder
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.routing import Routing

AFTER_DONE = 0.25
"""Seconds that an upstream has to end its body after `[DONE]`, for its connection to be used again."""


class Life:
    """One request: those who build on this decide what it is answered with, but not how it ends."""

    def __init__(
        self, account: Account, routes: tuple[Route, ...], routing: Routing, recorder: Recorder, chat: Chat
    ) -> None:
        self.account = account
        self.is_last = False
        """Tells whether the frames that a stream has given are its last."""
        self._routes = routes
        self._routing = routing
        self._recorder = recorder
        self._chat = chat
        self._until = time.monotonic() + chat.retry_for
        self._response: Response | None = None
        self._source: Source | None = None
        self._is_over = False

    @property
    def is_stream(self) -> bool:
        return self.account.turn.stream

    def limit(self) -> float:
        """Seconds that it may take if every upstream uses up its own limit."""
        nodes = [self._routing.nodes.get(route.upstream) for route in self._routes]
        totals = [node.upstream.timeouts.total for node in nodes if node]
        return self._chat.retry_for + sum(totals) * (1 + self._chat.retries)

    async def fetch(self) -> bytes | bytearray:
        """Fetch the body of a whole answer. Raises UpstreamFailure, Refusal."""
        raise NotImplementedError

    def stream(self, watch: Watch, writer: Writer | None = None) -> AsyncIterator[bytes]:
        """Yield whole frames as they come, the first ones once an upstream has said something that is no
        error.

        If there is a `writer`, frames go to it right from where they come in, as long as there is nothing
        else to do. Raises UpstreamFailure before the first frame and Refusal at any time; ends only after
        `[DONE]`.
        """
        raise NotImplementedError

    def end(self, error: BaseException | None, *, has_begun: bool = False) -> Ending:
        """Return the ending that the error stands for; the first one goes into the record."""
        route = self.account.trail.route
        ended = ending(error, route.upstream if route else "none", has_begun=has_begun)
        if not self._is_over:
            self._is_over = True
            self.account.close(ended, self._source, self._price())
            self._recorder.record(self.account.turn)
            self._recorded()
        return ended

    async def hang_up(self) -> None:
        """Let go of the upstream: at once, or after a whole answer when the few bytes behind it are read."""
        if self._response is None:
            return
        try:
            if self.account.turn.status == "completed" and not self._response.is_read:
                async with asyncio.timeout(AFTER_DONE):
                    while await self._response.read():
                        pass
        except (UpstreamFailure, TimeoutError):
            pass
        finally:
            self._response.close()

    def _recorded(self) -> None:
        """Do what else follows once the turn is recorded; a subclass says what."""

    def _price(self) -> Price | None:
        """The price of the model that was asked last."""
        route = self.account.trail.route
        node = self._routing.nodes.get(route.upstream) if route else None
        return node.upstream.prices.get(route.model) if node and route else None
