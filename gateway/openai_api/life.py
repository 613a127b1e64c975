"""A request lives from its preparation to its record, whatever it asks for."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from gateway.config import Chat, Route
from gateway.errors import Fault, Refusal
from gateway.limits.lease import Lease
from gateway.openai_api.account import Account, Source
from gateway.openai_api.ending import Ending, ending
from gateway.openai_api.passing_on import Writer
from gateway.openai_api.watch import Watch
from gateway.turns.meter import Ended
from gateway.turns.recorder import Recorder
from gateway.turns.turn import Turn
from gateway.turns.usage import Usage, total
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.node import Node
from gateway.upstreams.routing import Routing

AFTER_DONE = 0.25
"""Seconds that an upstream has to end its body after `[DONE]`, for its connection to be used again."""

BROKEN = frozenset({Fault.STREAM_ERROR.code, Fault.STREAM_BROKEN.code, "idle_timeout", "total_timeout"})
"""Words for answers that have failed by the upstream's doing after they had begun."""

log = logging.getLogger("gateway.chat")


class Outlet(Protocol):
    """Takes to the caller of one request what is answered."""

    writer: Writer | None
    """Frames go there right from where they come in, as long as there is nothing else to do."""
    started: bool
    """Tells whether something has gone out."""

    async def write(self, frames: bytes, *, is_last: bool = False) -> None:
        """Send whole frames of a stream; waits while the caller is slow to read."""

    async def close(self) -> None:
        """End a stream that has ended well."""

    async def whole(self, body: bytes | bytearray) -> None:
        """Send a whole answer."""

    async def refuse(self, refusal: Refusal) -> None:
        """Send an error: a proper answer where nothing went out yet, else the last event of the stream."""

    def ping(self) -> None:
        """Show that the answer is still on its way."""


class Life:
    """One request: those who build on this decide what it is answered with, but not how it ends."""

    def __init__(
        self, account: Account, routes: tuple[Route, ...], routing: Routing, recorder: Recorder, chat: Chat
    ) -> None:
        self.account = account
        self.is_stream = account.turn.stream
        self._routes = routes
        self._routing = routing
        self._recorder = recorder
        self._chat = chat
        self._until = time.monotonic() + chat.retry_for
        self._response: Response | None = None
        self._source: Source | None = None
        self._is_over = False
        self.lease: Lease | None = None
        """It holds these of the streams that may go on at the same time."""
        self.charge: Callable[[int], None] | None = None
        """Is told the tokens of each of its turns, where they are limited."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """The upstreams that may be asked, best first."""
        return self._routes

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Map the upstreams that there are by their names."""
        return self._routing.nodes

    def ask_only(self, routes: tuple[Route, ...]) -> None:
        """Ask no others than these."""
        self._routes = routes

    def limit(self) -> float:
        """Seconds that it may take if every upstream uses up its own limit."""
        total = 0.0
        for route in self._routes:
            node = self._routing.nodes.get(route.upstream)
            total += node.upstream.timeouts.total if node else 0.0
        return self._chat.retry_for + total * (1 + self._chat.retries)

    async def run(self, watch: Watch, outlet: Outlet) -> None:
        """See the request through, from its first try at an upstream to its record; never fails."""
        body: bytes | bytearray | None = None
        try:
            if self.is_stream:
                watch.keep_alive(self._chat.keep_alive, outlet.ping)
            with watch:
                if self.is_stream:
                    await self.stream(watch, outlet)
                else:
                    body = await self.fetch()
            self.end(None)
            await (outlet.close() if body is None else outlet.whole(body))
        except Exception as error:
            refusal = self.end(error, has_begun=outlet.started).refusal
            if refusal is not None:
                if refusal.fault is Fault.INTERNAL:
                    kind, turn = type(error).__name__, self.account.turn.id
                    log.error("unexpected %s in turn %s", kind, turn, exc_info=True)
                # This comes first, since a caller who reads slowly may make us wait.
                await self.hang_up()
                await outlet.refuse(refusal)
        except BaseException as error:
            self.end(error)
            raise
        finally:
            if self._response is not None:
                await self.hang_up()

    async def fetch(self) -> bytes | bytearray:
        """Return the body of a whole answer. Raises UpstreamFailure, Refusal."""
        raise NotImplementedError

    async def stream(self, watch: Watch, outlet: Outlet) -> None:
        """Send frames as they come, once an upstream has said something that is no error; ends at `[DONE]`.

        Raises UpstreamFailure before the first frame and Refusal at any time.
        """
        raise NotImplementedError

    def end(self, error: BaseException | None, *, has_begun: bool = False) -> Ending:
        """Return the ending that the error stands for; the first one goes into the record."""
        route = self.account.trail.route
        ended = ending(error, route.upstream if route else "none", has_begun=has_begun)
        if not self._is_over:
            self._is_over = True
            self.account.close(ended, self._source, self._reckon, self._routing.prices)
            if self._source is not None and ended.word in BROKEN and route is not None:
                node = self._routing.nodes.get(route.upstream)
                if node is not None:
                    node.health.break_off(route, ended.word)
            self._record(self.account.turn)
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

    def _record(self, turn: Turn) -> None:
        self._recorder.record(turn)
        account = self.account
        if self._recorder.meter is not None or account.trace is not None:
            label = "" if account.persona is None else account.persona.label
            head = account if turn is account.turn else None
            self._recorder.tell(Ended(turn, account.surface, label, self._chunks(), head), account.trace)
        if self.charge is not None:
            self.charge(total(turn.usage))

    def _chunks(self) -> int:
        """Count the chunks of a stream."""
        return 0

    def _recorded(self) -> None:
        """Do what else follows once the turn is recorded; a subclass says what."""

    def _reckon(self) -> Usage | None:
        """Estimate the tokens of the request and of what came of its answer."""
        raise NotImplementedError
