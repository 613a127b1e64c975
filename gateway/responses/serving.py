"""`POST /v1/openai/responses`: a request is read and prepared, and answered at once or in the background."""

from typing import NamedTuple

from gateway.auth.door import Door
from gateway.auth.guard import Caller
from gateway.config import Server
from gateway.limits.lease import Lease
from gateway.openai_api import edge
from gateway.openai_api.account import Account
from gateway.openai_api.answering import Endpoint
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.outlet import HTTPOutlet
from gateway.openai_api.watch import Interrupted, Watch
from gateway.responses.beginning import begin
from gateway.responses.draft import Draft
from gateway.responses.following import Following
from gateway.responses.outlet import ResponseOutlet
from gateway.responses.preparing import Preparing
from gateway.responses.store.background import Background

FOLLOW_SECONDS = 3600.0
"""Seconds for which one request follows a response of the background; its caller goes on with another one."""


class Begun(NamedTuple):
    """Tells of a response that others answer."""

    background: Background
    account: Account
    lease: Lease | None
    """Its stream is counted by this among those that may go on at the same time."""


class Responses(Endpoint[tuple[Exchange, Draft] | Begun]):
    """Answers Responses requests."""

    surface = "responses"

    def __init__(self, door: Door, preparing: Preparing, following: Following, server: Server) -> None:
        super().__init__(door, preparing.exchanges.aside, server.max_body)
        self._preparing = preparing
        self._following = following

    async def prepare(
        self, caller: Caller, body: bytes, incoming: edge.Incoming, started: float
    ) -> tuple[Exchange, Draft] | Begun:
        asked = await self._preparing.read(body)
        exchange, draft = await self._preparing.prepare(
            caller, asked, len(body), incoming.request_id, started
        )
        await self.hold(exchange)
        if not asked.background:
            return exchange, draft
        exchange.note_dropped(next(iter(exchange.routes), None))
        try:
            found = await begin(self._preparing.database, caller, asked, body, exchange, draft)
        except BaseException:
            await self._release(exchange.lease)
            raise
        return Begun(found, exchange.account, exchange.lease)

    async def give(
        self, prepared: tuple[Exchange, Draft] | Begun, incoming: edge.Incoming, send: edge.Send
    ) -> None:
        if isinstance(prepared, Begun):
            await self._tell(prepared, incoming, send)
            return
        exchange, draft = prepared
        await self.run(
            exchange,
            incoming.connection,
            lambda watch: ResponseOutlet(send, watch, exchange.account, incoming, draft),
        )

    async def _tell(self, begun: Begun, incoming: edge.Incoming, send: edge.Send) -> None:
        """Answer with a response that has begun, or with what becomes of it."""
        watch = Watch(incoming.connection, total=FOLLOW_SECONDS)
        outlet = HTTPOutlet(send, watch, begun.account, incoming)
        if not begun.background.is_streamed:
            await outlet.whole((begun.background.body or "").encode())
            return
        self._open.add(watch)
        try:
            with watch:
                watch.keep_alive(self._preparing.exchanges.shared.chat.keep_alive, outlet.ping)
                async for frames in self._following.follow(begun.background):
                    await outlet.write(frames)
            await outlet.close()
        except Interrupted as error:
            if error.why in ("total", "shutdown"):
                await outlet.close()
        except OSError:
            return
        finally:
            self._open.discard(watch)
            await self._release(begun.lease)

    async def _release(self, lease: Lease | None) -> None:
        if lease is not None:
            await self._limiter.release(lease)
