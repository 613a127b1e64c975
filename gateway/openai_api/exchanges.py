"""A chat request is prepared: read, resolved to a persona, and laid over its prompt."""

from collections.abc import Callable
from functools import partial
from typing import Any

from gateway import clock, ids
from gateway.auth.guard import Caller
from gateway.budgets.ledger import Ledger, Purse, Spender
from gateway.config import Config, Route
from gateway.judge.judge import Judge
from gateway.moderation.watching import Watching
from gateway.openai_api import stored_prompt
from gateway.openai_api.account import Account
from gateway.openai_api.asking import Asking
from gateway.openai_api.bounds import LARGE, Aside
from gateway.openai_api.exchange import Exchange, Shared
from gateway.openai_api.overlay import Laid, lay
from gateway.openai_api.parameters import wants_data
from gateway.openai_api.request import ChatRequest
from gateway.openai_api.streaming import Streaming
from gateway.openai_api.whole import Whole
from gateway.personas import name as names
from gateway.personas.registry import Registry
from gateway.personas.resolved import Resolved
from gateway.scoring.schedule import Scoring
from gateway.turns.recorder import Recorder
from gateway.turns.turn import Turn
from gateway.upstreams.deadline import Deadlines
from gateway.upstreams.routing import Routing

LINGER = 0.5
"""The part of a score's budget in which an answer has to show that it is at its end."""
PERSONA_PREFIX = names.PREFIX


class Exchanges:
    """Holds what all exchanges of a worker share."""

    def __init__(
        self,
        config: Config,
        registry: Registry,
        routing: Routing,
        recorder: Recorder,
        scoring: Scoring,
        ledger: Ledger,
        judge: Judge | None = None,
        moderation: Watching | None = None,
    ) -> None:
        self.registry = registry
        self.ledger = ledger
        budget = config.drift.budget_ms / 1000
        linger = Deadlines(budget * LINGER)
        self.shared = Shared(
            config.chat, routing, recorder, scoring, judge, moderation, budget * LINGER, linger
        )
        self.aside = Aside()
        self.plain = {
            model: Route(name, model)
            for name, up in reversed(config.upstreams.items())
            for model in up.models
        }
        """Plain model names that pass through, each with its upstream."""

    async def prepare(
        self,
        caller: Caller,
        body: bytes,
        request_id: str,
        started: float,
        asks: Callable[..., Asking] = Asking,
        turn_id: str | None = None,
    ) -> Exchange:
        """Resolve and overlay a request that came in at `time.perf_counter()` seconds. Raises Refusal.

        `asks` makes of it what upstreams are asked; `turn_id` is the id of its turn, where that is settled.
        """
        # A request of the usual size is spared a coroutine.
        if len(body) <= LARGE:
            request = ChatRequest.parse(body)
        else:
            request = await self.aside.run(len(body), partial(ChatRequest.parse, body))
        turn = Turn(
            id=turn_id or ids.new("msg"),
            request_id=request_id,
            workspace_id=caller.workspace_id,
            key_id=caller.key_id,
            model=request.model,
            stream=request.stream,
            created_at=clock.now_ms(),
        )
        plain = None if request.model.startswith(PERSONA_PREFIX) else self.plain.get(request.model)
        if plain is not None:
            persona, fields, laid, is_data = None, request.fields, None, False
            routes: tuple[Route, ...] = (plain,)
        else:
            persona = await self._resolved(caller, request, turn)
            laying = partial(_laid, request, persona, "personas:write" in caller.scopes)
            large = len(body) > LARGE
            fields, laid, is_data = await self.aside.run(len(body), laying) if large else laying()
            routes = persona.routes
        account = Account(turn, started, persona, laid.sha256 if laid is not None else "")
        account.bounds = caller.bounds
        if caller.workspace_id not in self.ledger.known.free:
            account.purse = await self.purse(caller, persona.persona_id if persona is not None else None)
        secrets = self.shared.routing.secrets
        asking = asks(request, persona, fields, laid, self.shared.chat, secrets, turn.id)
        answered = Streaming if request.stream else Whole
        return answered(self.shared, request, account, routes, asking, is_data)

    async def _resolved(self, caller: Caller, request: ChatRequest, turn: Turn) -> Resolved:
        """Find the persona that a request names, and note it in its turn. Raises Refusal."""
        model = names.canonical(request.model)
        if not model.startswith(PERSONA_PREFIX):
            raise await self.registry.stranger(caller, model)
        persona = self.registry.recall(caller, model) or await self.registry.resolve(caller, model)
        if persona.template is not None or request.prompt is not None:
            filling = partial(stored_prompt.filled, persona, request.prompt)
            persona = await self.aside.run(len(persona.prompt.json), filling)
        self.shared.scoring.warm(persona)
        turn.drift = self.shared.scoring.initial
        turn.persona_id, turn.version_id = persona.persona_id, persona.version_id
        turn.version = persona.version
        return persona

    async def purse(self, caller: Caller, persona_id: str | None = None) -> Purse | None:
        """Find the budgets that bind a request of this caller. Raises Refusal."""
        return await self.ledger.purse(Spender(caller.workspace_id, caller.owner, persona_id))


def _laid(request: ChatRequest, persona: Resolved, may_replace: bool) -> tuple[dict[str, Any], Laid, bool]:
    """Return the fields to send, the messages with the prompt, and whether data is wanted. Raises Refusal."""
    allow = persona.allow if persona.overlay == "locked" else None
    fields = request.for_persona(persona.defaults, allow)
    if len(request.body) > LARGE:
        # The scorer needs them one by one, and would take them apart on the event loop.
        _ = request.messages.each
    laid = lay(
        request.messages, persona.prompt, persona.overlay, may_replace=may_replace, allow=persona.allow
    )
    return fields, laid, wants_data(fields)
