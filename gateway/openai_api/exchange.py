"""One chat request on its way: prepared, sent to an upstream that answers, recorded at its end."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Protocol

import msgspec

from gateway import clock, ids
from gateway.auth.guard import Caller
from gateway.chat import overlay
from gateway.chat.courses import Scored
from gateway.chat.judge import Judge
from gateway.chat.recorder import Recorder
from gateway.chat.scoring import Scoring
from gateway.chat.turn import Status, Turn, persona_json
from gateway.config import Chat, Config, Route
from gateway.errors import Fault, Refusal
from gateway.openai_api.answer import Answer
from gateway.openai_api.asking import Asking
from gateway.openai_api.relay import Relay
from gateway.openai_api.request import ChatRequest
from gateway.openai_api.watch import Watch
from gateway.personas.registry import Registry, Resolved, unknown
from gateway.upstreams.client import Response
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.routing import SECRET_LENGTH, Routing, Trail

AFTER_DONE = 0.25
"""Seconds that an upstream has to end its body after `[DONE]`, for its connection to be used again."""
PERSONA_PREFIX = "persona/"


class Writer(Protocol):
    """The caller's connection."""

    @property
    def takes_more(self) -> bool:
        """Whether an answer has begun of which a piece can be written without waiting for the caller."""

    def write(self, piece: bytes) -> None:
        """Write a piece, while it takes more."""


class Exchanges:
    """What all exchanges of a worker share."""

    def __init__(
        self,
        config: Config,
        registry: Registry,
        routing: Routing,
        recorder: Recorder,
        scoring: Scoring,
        judge: Judge | None = None,
    ) -> None:
        self.chat: Chat = config.chat
        self.registry = registry
        self.routing = routing
        self.recorder = recorder
        self.scoring = scoring
        self.judge = judge
        self.plain = {
            model: Route(name, model)
            for name, up in reversed(config.upstreams.items())
            for model in up.models
        }
        """Plain model names that pass through, and where to."""

    async def prepare(self, caller: Caller, body: bytes, request_id: str, started: float) -> "Exchange":
        """Resolve and overlay a request that came in at `time.perf_counter()` seconds. Raises Refusal."""
        request = ChatRequest.parse(body)
        turn = Turn(
            id=ids.new("msg"),
            request_id=request_id,
            workspace_id=caller.workspace_id,
            key_id=caller.key_id,
            model=request.model,
            stream=request.stream,
            created_at=clock.now_ms(),
        )
        if not request.model.startswith(PERSONA_PREFIX):
            route = self.plain.get(request.model)
            if route is None:
                raise unknown(request.model)
            return Exchange(self, request, turn, (route,), started, self._asking(request, turn))
        persona = await self.registry.resolve(caller, request.model)
        self.scoring.warm(persona)
        turn.persona_id, turn.version_id, turn.version = (
            persona.persona_id,
            persona.version_id,
            persona.version,
        )
        may_replace = "personas:write" in caller.scopes
        laid = overlay.lay(request.messages, persona.prompt, persona.overlay, may_replace=may_replace)
        fields = request.for_persona(laid.messages, persona.defaults)
        asking = self._asking(request, turn, persona, fields)
        exchange = Exchange(self, request, turn, persona.routes, started, asking)
        exchange.assume(persona, laid.sha256)
        return exchange

    def _asking(
        self,
        request: ChatRequest,
        turn: Turn,
        persona: Resolved | None = None,
        fields: dict[str, Any] | None = None,
    ) -> Asking:
        secrets = self.routing.secrets
        if persona is not None:
            # Its headers are its maker's, also where another workspace uses it.
            secrets += tuple(value for value in persona.headers.values() if len(value) >= SECRET_LENGTH)
        return Asking(request, persona, fields or request.fields, self.chat, secrets, turn.id)


class Exchange:
    """One request between `prepare` and the record of its turn."""

    def __init__(
        self,
        shared: Exchanges,
        request: ChatRequest,
        turn: Turn,
        routes: tuple[Route, ...],
        started: float,
        asking: Asking,
    ) -> None:
        self.request = request
        self.turn = turn
        self.trail = Trail()
        self.started = started
        self._shared = shared
        self._persona: Resolved | None = None
        self._prompt_sha256 = ""
        self._routes = routes
        self._asking = asking
        self.is_last = False
        """Whether the frames that a stream has given are its last."""
        self._ended = False
        self._response: Response | None = None
        self._source: Relay | Answer | None = None
        self._answered: float | None = None
        self._scored: Scored | None = None
        self._until = time.monotonic() + shared.chat.retry_for

    def assume(self, persona: Resolved, prompt_sha256: str) -> None:
        """Answer as this persona."""
        self._persona, self._prompt_sha256 = persona, prompt_sha256
        self.turn.drift = self._shared.scoring.initial

    def limit(self) -> float:
        """Seconds that the exchange may take if every upstream uses up its own limit."""
        nodes = [self._shared.routing.nodes.get(route.upstream) for route in self._routes]
        totals = [node.upstream.timeouts.total for node in nodes if node]
        return self._shared.chat.retry_for + sum(totals) * (1 + self._shared.chat.retries)

    def rendered(self) -> tuple[str, str, msgspec.Raw, str, str]:
        """The resolved name, the first upstream, the body for it, and the digests. Raises Refusal."""
        persona, route = self._persona, next(iter(self._usable()), None)
        node = self._shared.routing.nodes.get(route.upstream) if route else None
        if persona is None or route is None or node is None:
            raise UpstreamFailure("not_configured", route.upstream if route else "default").refusal()
        body = self._asking.body(node, route)
        digest = hashlib.sha256(body).hexdigest()
        return f"{PERSONA_PREFIX}{persona.label}", str(route), msgspec.Raw(body), digest, self._prompt_sha256

    async def stream(self, watch: Watch, writer: Writer | None = None) -> AsyncIterator[bytes]:
        """Whole frames as they come, the first ones once an upstream has said something that is no error.

        Given a `writer`, they go there right from where they come in, as long as there is nothing else to do.
        Raises UpstreamFailure before the first frame and Refusal at any time; ends only after `[DONE]`.
        """
        routing = self._shared.routing
        opened = await routing.first(self._usable(), self._asking.open, self.trail, self._until)
        self._answered = time.perf_counter()
        self._source, self._response = opened.relay, opened.response
        relay, response, frames, limits = opened.relay, opened.response, opened.frames, opened.limits
        watch.limit_total(opened.began + limits.total)
        watch.limit_idle(limits.idle)
        # What is no longer needed must not lie in the memory until the answer's end.
        del opened, self._asking
        while True:
            if relay.is_held or (relay.done and self._is_unscored):
                found = self._score(relay)
                if isinstance(found, asyncio.Future):
                    if frames:
                        yield frames
                        frames = b""
                    found = await self._patiently(found, watch, limits.idle)
                self._take(found)
                if relay.is_held:
                    frames += relay.release(self._persona_json() or b"null")
            if frames:
                self.is_last = relay.done
                yield frames
                frames = b""
            if relay.failure is not None:
                raise relay.failure
            if relay.done:
                return
            if writer is not None:
                await response.pour(partial(_pass_on, relay, writer, watch))
            if relay.goes_on:
                frames = await self._next(relay, response, watch)

    async def fetch(self) -> bytes:
        """The body of a whole answer. Raises UpstreamFailure, Refusal."""
        routing = self._shared.routing
        answer = await routing.first(self._usable(), self._asking.fetch, self.trail, self._until)
        self._answered = time.perf_counter()
        self._source = answer
        if self._persona is None:
            return answer.body
        found = self._score(answer)
        self._take(await found if isinstance(found, asyncio.Future) else found)
        return answer.encode(self._persona.model_json, self._persona_json() or b"null")

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What the response's head says of the turn, as ASGI wants it."""
        trail = self.trail
        now = time.perf_counter()
        waited = (self._answered or now) - (trail.began or now)
        overhead = (now - self.started - waited) * 1000
        headers = [
            (b"x-persona-attempts", str(trail.attempts).encode()),
            (b"x-persona-overhead-ms", f"{overhead:.2f}".encode()),
        ]
        if trail.route is not None:
            headers.append((b"x-persona-upstream", str(trail.route).encode("ascii", "replace")))
        if self._persona is not None:
            headers.append((b"x-persona", self._persona.label.encode()))
            headers.append((b"x-persona-prompt-sha256", self._prompt_sha256.encode()))
        if self._scored is not None and not self.request.stream:
            drift = self.turn.drift
            headers.append((b"x-persona-verdict", drift.verdict.encode()))
            if drift.voice is not None:
                headers.append((b"x-persona-drift-voice", str(drift.voice).encode()))
            if drift.values is not None:
                headers.append((b"x-persona-drift-values", str(drift.values).encode()))
        return headers

    @property
    def _is_unscored(self) -> bool:
        return self._scored is None and self._persona is not None

    def _score(self, source: Relay | Answer) -> Scored | asyncio.Future[Scored]:
        persona, request = self._persona, self.request
        assert persona is not None  # noqa: S101 - nobody else's answers are scored
        return self._shared.scoring.score(persona, request.messages, len(request.body), source.said())

    @staticmethod
    async def _patiently(scored: asyncio.Future[Scored], watch: Watch, idle: float) -> Scored:
        """It is not the upstream that is waited for."""
        watch.limit_idle(None)
        found = await scored
        watch.limit_idle(idle)
        return found

    def _take(self, scored: Scored) -> None:
        turn, self._scored = self.turn, scored
        turn.drift, turn.coherence, turn.explain = scored.drift, scored.coherence, scored.explain
        self._shared.scoring.note(turn, self._persona.label if self._persona else "", scored)

    def _persona_json(self) -> bytes | None:
        """The `persona` object for the answer; `None` for a plain model."""
        return persona_json(self._persona.identity_json, self.turn) if self._persona else None

    def end(self, status: Status, error: str | None = None) -> None:
        """Record the turn; the first call counts."""
        turn, trail, now = self.turn, self.trail, time.perf_counter()
        if self._ended:
            return
        self._ended = True
        turn.status, turn.error = status, error
        if self._source is not None:
            turn.finish_reason = self._source.finish_reason
            turn.usage = self._source.usage or turn.usage
            turn.cost_usd = self._cost()
        turn.attempts = trail.attempts
        turn.upstream = str(trail.route) if trail.route else None
        turn.latency_ms = (now - self.started) * 1000
        if self._answered is not None:
            turn.first_byte_ms = (self._answered - self.started) * 1000
        self._shared.recorder.record(turn)
        judge, persona, source = self._shared.judge, self._persona, self._source
        if judge is not None and persona is not None and source is not None and judge.wants(turn):
            request = self.request
            judge.take(turn, persona, request.messages, len(request.body), source.said())

    def _cost(self) -> float | None:
        """US dollars for the turn's tokens, where the model has a price."""
        route, usage = self.trail.route, self.turn.usage
        node = self._shared.routing.nodes.get(route.upstream) if route else None
        price = node.upstream.prices.get(route.model) if node and route else None
        if price is None:
            return None
        tokens = (usage.prompt_tokens or 0) * price.input + (usage.completion_tokens or 0) * price.output
        return tokens / 1_000_000

    async def hang_up(self) -> None:
        """Let go of the upstream: at once, or after a whole answer when the few bytes behind it are read."""
        if self._response is None:
            return
        try:
            if self.turn.status == "completed" and not self._response.is_read:
                async with asyncio.timeout(AFTER_DONE):
                    while await self._response.read():
                        pass
        except (UpstreamFailure, TimeoutError):
            pass
        finally:
            self._response.close()

    @staticmethod
    async def _next(relay: Relay, response: Response, watch: Watch) -> bytes:
        """The frames for the next piece of the upstream's stream, or for its end."""
        try:
            data = await response.read()
        except UpstreamFailure:
            # Broken off; after its last choice has finished the answer is whole all the same.
            data = b""
        watch.read()
        return relay.feed(data) if data else relay.finish()

    def _usable(self) -> tuple[Route, ...]:
        """The routes whose upstream can do what the request asks. Raises Refusal."""
        text_only = self._shared.routing.text_only
        if text_only.isdisjoint([route.upstream for route in self._routes]):
            return self._routes
        need = self.request.needs_more_than_text()
        if need is None:
            return self._routes
        usable = tuple(route for route in self._routes if route.upstream not in text_only)
        if not usable:
            raise Refusal(
                Fault.CAPABILITY_MISSING,
                f"The upstream `{self._routes[0].upstream}` takes text only, and this request has {need}; "
                "leave them out or configure another upstream.",
                param="messages",
            )
        return usable


def _pass_on(relay: Relay, writer: Writer, watch: Watch, data: bytes) -> bytes | None:
    """A sink that relays pieces where they come in, without waking the task of their request.

    It leaves off when the caller has to be waited for, or when there is more to do than to pass frames on.
    """
    if not writer.takes_more:
        return data
    frames = relay.feed(data)
    if frames:
        writer.write(frames)
        watch.wrote()
    else:
        watch.read()
    return None if relay.goes_on else b""
