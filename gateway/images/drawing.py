"""A picture is made by an upstream, for somebody who pays for it as for any turn."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import NamedTuple

from gateway import clock, ids
from gateway.auth.guard import Caller
from gateway.budgets.estimate import Asked
from gateway.budgets.ledger import Ledger, Spender
from gateway.config import LOCAL, Config, Route, image_maker
from gateway.errors import Fault, Refusal
from gateway.images.answer import ANSWER_BYTES, Answer, read
from gateway.images.order import Order, order
from gateway.images.picture import LARGEST, form_of
from gateway.limits.limiter import Limiter
from gateway.telemetry.trace import current
from gateway.turns.charging import charge
from gateway.turns.meter import Ended
from gateway.turns.recorder import Recorder
from gateway.turns.turn import Turn
from gateway.turns.usage import Usage, total
from gateway.turnstile import Turnstile
from gateway.upstreams.failure import UpstreamFailure, from_status
from gateway.upstreams.masking import Mask
from gateway.upstreams.node import Node
from gateway.upstreams.routing import Routing, Trail

SURFACE = "images"
CHARACTERS = 3
"""Characters of a token, at least, in most languages."""
STYLE_TOKENS = 1_500
"""Tokens that a picture of a style is taken for, before the upstream has counted."""
PICTURE_TOKENS = 6_240
"""Tokens of the dearest picture of gpt-image-1: upright, of high quality."""
LARGE = 4 << 20
"""Bytes of style images from which on few orders of a workspace go out at once: they stay in memory twice
for as long as the upstream paints."""
CUT = frozenset({"total_timeout", "first_byte_timeout"})
"""Words for orders that were cut short while the upstream was at work, which it will charge for."""


class Sitter(NamedTuple):
    """The persona of a portrait."""

    persona_id: str
    slug: str
    version_id: str
    version: int
    prompt: str


class Artist:
    """Has pictures made, for one worker."""

    def __init__(
        self, config: Config, routing: Routing, ledger: Ledger, recorder: Recorder, limiter: Limiter
    ) -> None:
        self._settings = config.images
        self._egress = config.egress
        self._has_any = bool(config.upstreams.keys() - {LOCAL})
        self._maker = image_maker(config)
        self._routing = routing
        self._ledger = ledger
        self._recorder = recorder
        self._limiter = limiter
        self._mask = Mask(routing.secrets)
        self._turnstile = Turnstile("portraits with large style images")

    def room(self, workspace_id: str, size: int) -> AbstractAsyncContextManager[None]:
        """Wait for room for style images of so many bytes. Raises Refusal where too many wait already."""
        return self._turnstile.through(workspace_id) if size > LARGE else nullcontext()

    def require_able(self, prompt: str) -> str:
        """Return the upstream that makes pictures. Raises Refusal, in the words of the projects API."""
        if not prompt.strip():
            raise Refusal(Fault.PERSONA_PROMPTLESS, "Persona has no system prompt")
        if self._maker is None and self._has_any:
            raise Refusal(Fault.IMAGES_UNSET, "LLM provider is not OpenAI")
        if self._maker is None:
            raise Refusal(Fault.PROVIDER_UNSET, "No LLM provider configured")
        return self._maker

    async def draw(self, caller: Caller, request_id: str, sitter: Sitter, styles: Sequence[bytes]) -> bytes:
        """Have a portrait made. Raises Refusal."""
        route = Route(self.require_able(sitter.prompt), self._settings.model)
        ordered = await asyncio.to_thread(order, self._settings, sitter.prompt, styles)
        prompt = len(sitter.prompt) // CHARACTERS + 100 + STYLE_TOKENS * len(styles)
        asked = Asked(prompt, PICTURE_TOKENS)
        turn = _begun(caller, request_id, sitter, route)
        turn.hold = await self._held(
            Spender(caller.workspace_id, caller.owner, sitter.persona_id), asked, route
        )
        trail, began = Trail(key=caller.key_id), time.perf_counter()
        turn.error = "cancelled"
        try:
            made = await self._made(ordered, route, trail)
            turn.usage = made.usage or Usage(asked.prompt, asked.answer)
            turn.usage_source = "upstream" if made.usage else "estimated"
            data = made.data if made.data is not None else await self._fetched(made.url or "", route)
            if form_of(data) is None or len(data) > LARGEST:
                raise UpstreamFailure("bad_answer", route.upstream)
            turn.status, turn.error = "completed", None
        except UpstreamFailure as failure:
            turn.status, turn.error = "failed", failure.word
            if failure.word in CUT:
                turn.usage, turn.usage_source = Usage(asked.prompt, asked.answer), "estimated"
            raise failure.refusal() from None
        except asyncio.CancelledError:
            turn.status = "cancelled"
            turn.usage, turn.usage_source = Usage(asked.prompt, asked.answer), "estimated"
            raise
        finally:
            turn.attempts, turn.latency_ms = trail.attempts, (time.perf_counter() - began) * 1000
            self._record(turn, caller, sitter)
        return data

    async def _held(self, spender: Spender, asked: Asked, route: Route) -> str | None:
        """Set aside what a picture may cost. Raises Refusal."""
        if spender.workspace_id in self._ledger.known.free:
            return None
        purse = await self._ledger.purse(spender)
        return None if purse is None else await purse.reserve(asked, (route,))

    def _record(self, turn: Turn, caller: Caller, sitter: Sitter) -> None:
        charge(turn, self._routing.prices)
        self._recorder.record(turn)
        label = f"{sitter.slug}@v{sitter.version}"
        self._recorder.tell(Ended(turn, SURFACE, label, 0, None), current.get())
        self._limiter.charge(caller.bounds, total(turn.usage))

    async def _made(self, ordered: Order, route: Route, trail: Trail) -> Answer:
        """Raises UpstreamFailure. A picture is paid for, so that none is asked for again that took long."""
        until = time.monotonic() + self._routing.retry_for
        return await self._routing.first((route,), partial(self._ask, ordered), trail, until)

    async def _ask(self, ordered: Order, node: Node, _route: Route) -> Answer:
        headers = {"content-type": ordered.media_type, "accept": "application/json"}
        try:
            async with asyncio.timeout(self._settings.timeout):
                response = await node.client.post(ordered.path, ordered.body, headers)
                try:
                    pieces, size = [], 0
                    while size <= ANSWER_BYTES and (piece := await response.read()):
                        pieces.append(piece)
                        size += len(piece)
                finally:
                    response.close()
        except TimeoutError:
            raise UpstreamFailure("total_timeout", node.name) from None
        body = b"".join(pieces)
        if not 200 <= response.status < 300:
            raise from_status(node.name, response.status, body[:ANSWER_BYTES], response.headers, self._mask)
        found = await asyncio.to_thread(read, body) if size <= ANSWER_BYTES else None
        if found is None:
            raise UpstreamFailure("bad_answer", node.name)
        return found

    async def _fetched(self, url: str, route: Route) -> bytes:
        """Fetch a picture from where its maker says that it is. Raises UpstreamFailure."""
        # This loads aiohttp, which only those should pay for whose upstream answers in this way.
        from gateway.egress.fetcher import Fetcher, Limits
        from gateway.egress.target import EgressError

        fetcher = Fetcher(self._egress)
        try:
            found = await fetcher.fetch(url, limits=Limits(seconds=60.0, bytes=LARGEST, redirects=2))
        except EgressError:
            raise UpstreamFailure("bad_answer", route.upstream) from None
        finally:
            await fetcher.close()
        if found.status != 200:
            raise UpstreamFailure("bad_answer", route.upstream)
        return found.body


def _begun(caller: Caller, request_id: str, sitter: Sitter, route: Route) -> Turn:
    return Turn(
        id=ids.new("msg"),
        request_id=request_id,
        workspace_id=caller.workspace_id,
        key_id=caller.key_id,
        model=f"persona/{sitter.slug}",
        stream=False,
        created_at=clock.now_ms(),
        persona_id=sitter.persona_id,
        version_id=sitter.version_id,
        version=sitter.version,
        upstream=str(route),
    )
