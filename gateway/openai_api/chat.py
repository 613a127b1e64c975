"""`POST /v1/openai/chat/completions`: one exchange between the caller's socket and an upstream."""

import asyncio
import logging
import time
from typing import Any

from gateway.auth import guard as guards
from gateway.auth.guard import Guard
from gateway.config import Server
from gateway.errors import Fault, Refusal
from gateway.openai_api import edge
from gateway.openai_api.body import too_deep
from gateway.openai_api.exchange import Exchange, Exchanges
from gateway.openai_api.relay import error_frame
from gateway.openai_api.watch import Interrupted, Watch
from gateway.upstreams.failure import UpstreamFailure

CONVERSATION = b"x-persona-conversation-id"
HEADERS = guards.HEADERS | edge.HEADERS | {CONVERSATION}
"""Those of a request that anybody looks at; a client's library sends a dozen others."""

log = logging.getLogger("gateway.chat")


class ChatCompletions:
    """The ASGI application behind the route; it answers every request itself, errors included."""

    def __init__(self, guard: Guard, exchanges: Exchanges, server: Server) -> None:
        self._guard = guard
        self._exchanges = exchanges
        self._max_body = server.max_body
        self._open: set[Watch] = set()

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        started = time.perf_counter()
        request_id = scope["state"]["request_id"]
        try:
            if scope["method"] != "POST":
                raise edge.only_post()
            headers = [header for header in scope["headers"] if header[0] in HEADERS]
            caller = await self._guard.admit(headers, "chat:invoke")
            scope["state"]["connection"].vouch()
            _refuse_conversation(headers)
            body = await edge.read_body(headers, receive, self._max_body, self._exchanges.aside)
            exchange = await self._exchanges.prepare(caller, body, request_id, started)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, scope["path"], request_id)
        except RecursionError:
            await edge.send_refusal(send, too_deep(), scope["path"], request_id)
        except edge.CallerGoneError:
            return
        else:
            # Nobody looks at them any more, and an answer may take long.
            scope["headers"].clear()
            del body
            await self._answer(exchange, scope, send)

    def interrupt(self) -> None:
        """End every open answer, as at the end of the process."""
        for watch in list(self._open):
            watch.interrupt("shutdown")

    async def _answer(self, exchange: Exchange, scope: Any, send: edge.Send) -> None:
        watch = Watch(scope["state"]["connection"], total=exchange.limit())
        outlet = Outlet(send, watch, exchange)
        self._open.add(watch)
        try:
            async with watch:
                if exchange.request.stream:
                    watch.keep_alive(self._exchanges.chat.keep_alive, outlet.ping)
                    async for frames in exchange.stream(watch, scope["state"]["connection"]):
                        await outlet.write(frames, is_last=exchange.is_last)
                        del frames
                else:
                    body = await exchange.fetch()
            exchange.end("completed")
            await (outlet.close() if exchange.request.stream else outlet.whole(body))
        except Interrupted as interrupted:
            await _interrupted(exchange, outlet, interrupted, scope)
        except UpstreamFailure as failure:
            exchange.end("failed", failure.word)
            await outlet.refuse(failure.refusal(), scope)
        except Refusal as refusal:
            exchange.end("failed", refusal.fault.code)
            await outlet.refuse(refusal, scope)
        except Exception as error:
            log.error(
                "unexpected %s in turn %s", type(error).__name__, exchange.account.turn.id, exc_info=True
            )
            exchange.end("failed", Fault.INTERNAL.code)
            await outlet.refuse(edge.our_mistake(), scope)
        finally:
            self._open.discard(watch)
            exchange.end("cancelled")
            await exchange.hang_up()


def _refuse_conversation(headers: edge.Headers) -> None:
    """No conversation is stored yet, so any that is named does not exist. Raises Refusal."""
    for name, _ in headers:
        if name == CONVERSATION:
            raise Refusal(Fault.CONVERSATION_UNKNOWN)


class Outlet:
    """What goes out to the caller of one exchange: a head once, then whole frames."""

    def __init__(self, send: edge.Send, watch: Watch, exchange: Exchange) -> None:
        self._send = send
        self._watch = watch
        self._exchange = exchange
        self._pinging: asyncio.Task[None] | None = None
        self.started = False
        self._over = False

    async def head(self) -> None:
        """The head of a stream, unless a keep-alive has brought it already."""
        if not self.started:
            self.started = True
            headers = [*edge.STREAM_HEAD, *self._exchange.account.headers()]
            await self._send(edge.start(200, headers))

    async def write(self, frames: bytes, *, is_last: bool = False) -> None:
        """Whole frames, in one send; waits while the caller is slow to read."""
        self._watch.write()
        await self.head()
        self._over = self._over or is_last
        await self._send({"type": "http.response.body", "body": frames, "more_body": not is_last})
        self._watch.wrote()

    async def close(self) -> None:
        if not self._over:
            self._over = True
            await self._send({"type": "http.response.body", "body": b""})

    async def whole(self, body: bytes) -> None:
        await edge.send_json(self._send, 200, body, self._exchange.account.headers())

    def ping(self) -> None:
        """A keep-alive comment between two frames; none while the caller has not read the last one."""
        if not self._watch.is_writing:
            self._pinging = asyncio.ensure_future(self._ping())

    async def refuse(self, refusal: Refusal, scope: Any) -> None:
        """An error: a proper status where nothing went out yet, else the last event of the stream."""
        self._over = True
        # First, since a caller who reads slowly may make us wait.
        await self._exchange.hang_up()
        try:
            if self.started:
                await self._send({"type": "http.response.body", "body": error_frame(refusal)})
            else:
                request_id = self._exchange.account.turn.request_id
                headers = self._exchange.account.headers()
                await edge.send_refusal(self._send, refusal, scope["path"], request_id, headers)
        except OSError:
            return

    async def _ping(self) -> None:
        if not self._over:
            await self.write(edge.PING)


async def _interrupted(exchange: Exchange, outlet: Outlet, interrupted: Interrupted, scope: Any) -> None:
    route = exchange.account.trail.route
    upstream = route.upstream if route else "none"
    if interrupted.why == "gone":
        exchange.end("cancelled", "caller_stalled" if scope["state"]["connection"].is_stalled else None)
    elif interrupted.why == "shutdown":
        exchange.end("failed", "shutdown")
        await outlet.refuse(edge.draining(), scope)
    elif interrupted.why == "total" and not outlet.started:
        failure = UpstreamFailure("total_timeout", upstream)
        exchange.end("failed", failure.word)
        await outlet.refuse(failure.refusal(), scope)
    else:
        fault = Fault.TOTAL_TIMEOUT if interrupted.why == "total" else Fault.IDLE_TIMEOUT
        exchange.end("failed", f"{interrupted.why}_timeout")
        message = f"The upstream `{upstream}` exceeded its time limit ({interrupted.why}) within the answer."
        await outlet.refuse(Refusal(fault, message), scope)
