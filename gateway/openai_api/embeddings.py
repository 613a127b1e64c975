"""`POST /v1/openai/embeddings`: passed through to the upstream that the configuration names for it."""

import asyncio
import time
from functools import partial
from typing import Any

from gateway.auth.guard import Guard
from gateway.config import Config, Route
from gateway.errors import Fault, Refusal
from gateway.openai_api import edge
from gateway.openai_api.answer import read_body
from gateway.openai_api.body import decode_object, each_once
from gateway.openai_api.bounds import NUMBERS, Aside
from gateway.openai_api.spelling import OURS, refuse_lookalikes
from gateway.openai_api.watch import Connection, Interrupted, Watch
from gateway.upstreams.failure import UpstreamFailure, from_status
from gateway.upstreams.masking import Mask
from gateway.upstreams.routing import Node, Routing, Trail

PATH = "/embeddings"


class Embeddings:
    """The ASGI application behind the route."""

    def __init__(self, guard: Guard, routing: Routing, config: Config, aside: Aside) -> None:
        self._guard = guard
        self._aside = aside
        self._routing = routing
        self._config = config
        self._open: set[Watch] = set()

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        request_id = scope["state"]["request_id"]
        trail = Trail()
        try:
            if scope["method"] != "POST":
                raise edge.only_post()
            caller = await self._guard.admit(scope["headers"], "chat:invoke")
            scope["state"]["connection"].vouch()
            trail.key = caller.key_id
            body = await edge.read_body(scope["headers"], receive, self._config.server.max_body, self._aside)
            body = await self._aside.run(len(body), partial(_checked, body))
            answer = await self._watched(scope["state"]["connection"], body, trail)
            headers = [(b"x-persona-attempts", str(trail.attempts).encode())]
            await edge.send_json(send, 200, answer, headers)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, scope["path"], request_id)
        except UpstreamFailure as failure:
            await edge.send_refusal(send, failure.refusal(), scope["path"], request_id)
        except edge.CallerGoneError:
            return
        except Interrupted as interrupted:
            if interrupted.why == "total":
                late = UpstreamFailure("total_timeout", self._node().name)
                await edge.send_refusal(send, late.refusal(), scope["path"], request_id)
            elif interrupted.why == "shutdown":
                await edge.send_refusal(send, edge.draining(), scope["path"], request_id)

    def interrupt(self) -> None:
        """End every open call, as at the end of the process."""
        for watch in list(self._open):
            watch.interrupt("shutdown")

    async def _watched(self, connection: Connection, body: bytes, trail: Trail) -> bytes:
        """The upstream's answer. Raises Interrupted, Refusal, UpstreamFailure."""
        chat = self._config.chat
        total = self._node().upstream.timeouts.total * (1 + chat.retries) + chat.retry_for
        watch = Watch(connection, total=total)
        self._open.add(watch)
        try:
            async with watch:
                return await self._ask(body, trail)
        finally:
            self._open.discard(watch)

    def _node(self) -> Node:
        node = self._routing.nodes.get(self._config.embeddings.upstream or "")
        if node is None:
            raise Refusal(Fault.EMBEDDINGS_UNSET, param="model")
        return node

    async def _ask(self, body: bytes, trail: Trail) -> bytes:
        async def attempt(node: Node, _route: Route) -> bytes:
            try:
                async with asyncio.timeout(node.upstream.timeouts.total):
                    response = await node.client.post(PATH, body, {})
                    try:
                        answer = await read_body(response, node.name, self._config.chat.max_answer)
                    finally:
                        response.close()
            except TimeoutError:
                raise UpstreamFailure("total_timeout", node.name) from None
            if not 200 <= response.status < 300:
                mask = Mask(self._routing.secrets)
                raise from_status(node.name, response.status, answer, response.headers, mask)
            return answer

        until = time.monotonic() + self._routing.retry_for
        return await self._routing.first([Route(self._node().name, "")], attempt, trail, until)


def _checked(body: bytes) -> bytes:
    """The body with each key once, its values as they were written. Raises Refusal."""
    fields = decode_object(body, NUMBERS)
    refuse_lookalikes(fields, OURS)
    return each_once(body, fields)
