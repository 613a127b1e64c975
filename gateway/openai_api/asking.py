"""One try at one upstream sends the request in that upstream's form, and checks that an answer is one."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.config import Chat, Route
from gateway.errors import Fault, Refusal
from gateway.openai_api import caching
from gateway.openai_api import request as requests
from gateway.openai_api.answer import Answer
from gateway.openai_api.answer_body import failed, read_body, whole
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.keeping import KeptTranscript
from gateway.openai_api.overlay import Laid
from gateway.openai_api.parameters import OF_TOOLS, most_asked, tools_in
from gateway.openai_api.relay import Relay
from gateway.openai_api.relaying import Opened, Relaying
from gateway.openai_api.request import ChatRequest
from gateway.openai_api.retelling import Retold
from gateway.openai_api.sse import BOM
from gateway.personas.resolved import Resolved
from gateway.turns.usage import Usage, added
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.masking import Mask
from gateway.upstreams.node import Node
from gateway.upstreams.pieces import Pieces
from gateway.upstreams.routing import SECRET_LENGTH, Routing

PATH = "/chat/completions"
EVENT_BYTES = 8 * 1024 * 1024
"""Bytes of one event of a stream: it is decoded and edited while others wait."""


class Asking:
    """A chat request in the form that upstreams are asked in; each call of a method is one try."""

    def __init__(
        self,
        request: ChatRequest,
        persona: Resolved | None,
        fields: dict[str, Any],
        laid: Laid | None,
        chat: Chat,
        secrets: tuple[str, ...],
        turn_id: str,
    ) -> None:
        if persona is not None and persona.headers:
            # The headers are their maker's, even where another workspace uses the persona.
            secrets += tuple(value for value in persona.headers.values() if len(value) >= SECRET_LENGTH)
        self._request = request
        self._persona = persona
        self._fields = fields
        self.tools = tools_in(fields)
        """The field that brings tools along, the caller's or the version's."""
        self._laid = laid
        self._chat = chat
        self._mask = Mask(secrets, persona.prompt.json) if persona is not None else Mask(secrets)
        self._event_bytes = min(chat.max_answer, EVENT_BYTES)
        self._spares_usage = self._spares_cache = False
        """What an upstream has refused is left out of the request from then on."""
        self._fallback_id = f"chatcmpl-{turn_id}"
        self.lost: Usage | None = None
        """Tokens of the tries that failed by their first event, for which the upstream charges too."""
        self.is_kept = False
        """Tells whether the answer is kept, so that all of it has to be heard."""
        self.is_odd = False
        """Tells whether some of what was said before cannot be told to a chat."""

    async def fetch(self, node: Node, route: Route) -> Answer:
        """Fetch a whole answer. Raises UpstreamFailure."""
        body = await whole(node, self._post(node, route), self._chat.max_answer)
        return await Answer.read(body, node.name, self._mask)

    async def open(self, node: Node, route: Route) -> Opened:
        """Open a stream that has begun well. Raises UpstreamFailure."""
        loop, timeouts = asyncio.get_running_loop(), node.upstream.timeouts
        began = loop.time()
        try:
            with node.first_byte.begin() as limit:
                response = await self._post(node, route)
                try:
                    relay, frames, response = await self._first_event(
                        node, response, lambda: limit.renew(began + timeouts.total)
                    )
                except BaseException:
                    response.close()
                    raise
        except TimeoutError:
            is_alive = limit.is_renewed and loop.time() >= began + timeouts.total
            raise UpstreamFailure("only_comments" if is_alive else "first_byte_timeout", node.name) from None
        return Opened(relay, response, frames, timeouts, began)

    def dropped(self, node: Node) -> tuple[bytes, ...]:
        """List what this upstream is asked without."""
        return (b"tools",) if self.tools is not None and node.upstream.tools == "drop" else ()

    def path(self, node: Node) -> str:
        """Say where this upstream is asked."""
        return PATH

    @property
    def most(self) -> tuple[int | None, int]:
        """The most tokens of one answer, `None` where nobody says, and the number of answers."""
        return most_asked(self._fields)

    def body(self, node: Node, route: Route) -> bytes | Pieces:
        """Write the body that this upstream is sent; for a plain model it is the caller's, each key once."""
        fields = self._fields
        if self.tools is not None and node.upstream.tools == "drop":
            fields = {name: value for name, value in fields.items() if name not in OF_TOOLS}
        if self._laid is None:
            return self._request.as_written(fields)
        messages = self._laid.array(node.upstream.system_role)
        if self._persona is not None and self._caches(node):
            fields = caching.keyed(fields, self._persona.prompt)
            if node.upstream.prompt_cache == "explicit":
                messages = caching.marked(messages, self._persona.prompt)
        return requests.encode(
            fields,
            messages,
            route.model,
            include_usage=self._asks_usage(node),
            is_large=len(self._request.body) > LARGE,
        )

    def _caches(self, node: Node) -> bool:
        spared = node.refuses_cache or self._spares_cache
        return self._persona is not None and node.upstream.prompt_cache != "off" and not spared

    def _asks_usage(self, node: Node) -> bool:
        spared = node.refuses_usage or self._spares_usage
        return self._request.stream and self._persona is not None and not spared

    async def _post(self, node: Node, route: Route) -> Response:
        """Send it and return a response whose status is good, its body unread. Raises UpstreamFailure."""
        headers = self._persona.headers if self._persona else {}
        asks_usage = self._asks_usage(node)
        is_large = len(self._request.body) > LARGE
        body = await asyncio.to_thread(self.body, node, route) if is_large else self.body(node, route)
        response = await node.client.post(self.path(node), body, headers)
        if 200 <= response.status < 300:
            return response
        failure, told = await failed(node, response, self._mask)
        added = asks_usage and not self._request.wants_usage and failure.status in (400, 422)
        if added and (b"stream_options" in told or b"include_usage" in told):
            self._spares_usage = True
            good = await self._post(node, route)
            # Only now is it known that this was refused, and not what the caller has written.
            node.refuses_usage = True
            return good
        if failure.status in (400, 422) and self._caches(node) and caching.is_refused(told, self._fields):
            self._spares_cache = True
            good = await self._post(node, route)
            node.refuses_cache = True
            return good
        raise failure

    async def _first_event(
        self, node: Node, response: Response, renew: Callable[[], None]
    ) -> tuple[Relaying, bytes, Response]:
        """Return the stream, what goes out of it first, and where the rest is read.

        `renew` is called for all that comes before that: comments and blanks are how an upstream says that
        it is at work.
        """
        relay = self._relay(node)
        data = await response.read()
        while data and not (data := data.removeprefix(BOM).lstrip()):
            renew()
            data = await response.read()
        if data[:1] in (b"{", b"["):
            # This is JSON although a stream was asked for, whatever the head says: no event starts like this.
            body = await read_body(response, node.name, self._chat.max_answer, data)
            response = await self._retold(body, response, node)
            data = await response.read()
        while True:
            out = relay.feed(data) if data else relay.finish()
            if relay.cause is not None and (not out or relay.events == 1):
                self.lost = added(self.lost, relay.transcript.usage)
                raise relay.cause
            if relay.events:
                return relay, out, response
            if not data:
                raise UpstreamFailure("bad_answer", node.name)
            renew()
            data = await response.read()

    async def _retold(self, body: bytes, response: Response, node: Node) -> Response:
        """Tell a whole answer as a stream. Raises UpstreamFailure."""
        answer = await Answer.read(body, node.name, self._mask)
        return await Retold.of(answer, response, node.name, self._event_bytes)

    def _relay(self, node: Node) -> Relaying:
        return self._chat_relay(node)

    def _chat_relay(self, node: Node) -> Relay:
        return Relay(
            upstream=node.name,
            model_json=self._persona.model_json if self._persona else None,
            choices=self._request.choices,
            wants_usage=self._request.wants_usage or self._persona is None,
            limit=self._event_bytes,
            mask=self._mask,
            fallback_id=self._fallback_id,
            kept=KeptTranscript() if self.is_kept else None,
            # What tools are called with is heard in no chunk that is not decoded.
            learns=not (self.is_kept and self._request.has_tools),
        )


def usable(
    routes: tuple[Route, ...], routing: Routing, request: ChatRequest, tools: str | None
) -> tuple[Route, ...]:
    """List the routes whose upstream can do what the request asks; `tools` is the field that brings some.

    Raises Refusal.
    """
    found = routes
    if routing.text_only and not routing.text_only.isdisjoint([route.upstream for route in found]):
        need = request.needs_more_than_text()
        if need is not None:
            found = _without(found, routing.text_only, "takes text only", *need)
    if tools is not None and routing.refuse_tools:
        found = _without(found, routing.refuse_tools, "takes no tools", "tools", tools)
    return found


def _without(
    routes: tuple[Route, ...], upstreams: frozenset[str], lack: str, noun: str, param: str
) -> tuple[Route, ...]:
    """Leave out the routes to these upstreams. Raises Refusal where none is left."""
    found = tuple(route for route in routes if route.upstream not in upstreams)
    if found or not routes:
        return found
    raise Refusal(
        Fault.CAPABILITY_MISSING,
        f"The upstream `{routes[0].upstream}` {lack}, and this request has {noun}; "
        f"leave out {'it' if noun == 'audio' else 'them'} or configure another upstream.",
        param=param,
    )
