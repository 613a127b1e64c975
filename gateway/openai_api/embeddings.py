"""`POST /v1/openai/embeddings` is passed through to the upstream that the configuration names for it."""

import time
from functools import partial
from typing import Any

import msgspec

from gateway import clock, ids
from gateway.auth.door import Door, Need
from gateway.auth.guard import Caller
from gateway.budgets.estimate import Asked
from gateway.config import Config, Route
from gateway.errors import Fault, Refusal
from gateway.openai_api import asking, edge, reckoning
from gateway.openai_api.account import Account
from gateway.openai_api.answer import Vectors
from gateway.openai_api.answering import Answering
from gateway.openai_api.body import decode_object, each_once
from gateway.openai_api.bounds import NUMBERS
from gateway.openai_api.exchange import Shared
from gateway.openai_api.exchanges import Exchanges
from gateway.openai_api.life import Life
from gateway.openai_api.messages import opens, wrong
from gateway.openai_api.parameters import is_set
from gateway.openai_api.spelling import OURS, refuse_lookalikes
from gateway.turns.turn import Turn
from gateway.turns.usage import Usage
from gateway.upstreams.client import Response
from gateway.upstreams.masking import Mask
from gateway.upstreams.routing import Node

PATH = "/embeddings"
NEED = Need("chat:invoke", spends=True, is_openai=True)
MODEL_LENGTH = 256


class Embeddings(Answering):
    """The ASGI application behind the route."""

    def __init__(self, door: Door, exchanges: Exchanges, config: Config) -> None:
        super().__init__(door.limiter)
        self._door = door
        self._exchanges = exchanges
        self._upstream = config.embeddings.upstream or ""
        self._max_body = config.server.max_body

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        started = time.perf_counter()
        incoming = edge.Incoming(scope)
        aside = self._exchanges.aside
        try:
            incoming.require_post()
            caller = await self._door.admit(incoming.single.items(), incoming.connection, NEED)
            body = await edge.read_body(incoming.single, receive, self._max_body, aside)
            body, model = await aside.run(len(body), partial(_checked, body))
            embedding = self._prepare(caller, body, model, incoming.request_id, started)
            if caller.workspace_id not in self._exchanges.ledger.known.free:
                embedding.account.purse = await self._exchanges.purse(caller)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, incoming.path, incoming.request_id)
        except edge.CallerGoneError:
            return
        else:
            del body
            await self.answer(embedding, incoming, send)

    def _prepare(
        self, caller: Caller, body: bytes, model: str, request_id: str, started: float
    ) -> "Embedding":
        """Raises Refusal."""
        node = self._exchanges.shared.routing.nodes.get(self._upstream)
        if node is None:
            raise Refusal(Fault.EMBEDDINGS_UNSET, param="model")
        turn = Turn(
            id=ids.new("msg"),
            request_id=request_id,
            workspace_id=caller.workspace_id,
            key_id=caller.key_id,
            model=model,
            stream=False,
            created_at=clock.now_ms(),
        )
        known = {*node.upstream.models, *node.upstream.prices}
        # A name that the caller made up must neither reach a head nor fill the memory for breakers.
        route = Route(node.name, model if model in known else "")
        account = Account(turn, started, None, "")
        account.bounds = caller.bounds
        return Embedding(self._exchanges.shared, body, account, route)


class Embedding(Life):
    """One request for embeddings."""

    def __init__(self, shared: Shared, body: bytes, account: Account, route: Route) -> None:
        super().__init__(account, (route,), shared.routing, shared.recorder, shared.chat)
        self._body = body
        self._mask = Mask(shared.routing.secrets)

    async def fetch(self) -> bytes:
        account = self.account
        if account.purse is not None:
            asked = Asked(reckoning.embedded(self._body).prompt_tokens or 0, choices=0)
            account.turn.hold = await account.purse.reserve(asked, self._routes)
        found = await self._routing.first(self._routes, self._try, account.trail, self._until)
        account.answered = time.perf_counter()
        self._source = found
        return found.body

    def _reckon(self) -> Usage | None:
        return reckoning.embedded(self._body)

    async def _try(self, node: Node, _route: Route) -> Vectors:
        body = await asking.whole(node, self._post(node), self._chat.max_answer)
        return Vectors(body, node.name, self._mask)

    async def _post(self, node: Node) -> Response:
        """Send it and return a response whose status is good. Raises UpstreamFailure."""
        response = await node.client.post(PATH, self._body, {})
        if 200 <= response.status < 300:
            return response
        raise (await asking.failed(node, response, self._mask))[0]


def _checked(body: bytes) -> tuple[bytes, str]:
    """Return the body with each key once, its values as they were written, and the model. Raises Refusal."""
    fields = decode_object(body, NUMBERS)
    refuse_lookalikes(fields, OURS)
    return each_once(body, fields), _model(fields)


def _model(fields: dict[str, msgspec.Raw]) -> str:
    """Read the model; it is empty where none is named, which some upstreams take."""
    if not is_set(fields, "model"):
        return ""
    if not opens(fields["model"], '"'):
        raise wrong("model", "must be a string")
    model = msgspec.json.decode(fields["model"], type=str)
    if len(model) > MODEL_LENGTH:
        raise wrong("model", f"is longer than {MODEL_LENGTH} characters")
    return model
