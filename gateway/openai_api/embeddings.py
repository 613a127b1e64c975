"""`POST /v1/openai/embeddings` is passed through to the upstream that is named for it, or answered here."""

import time
from functools import partial
from typing import NamedTuple

import msgspec

from gateway import clock, ids
from gateway.auth.door import Door
from gateway.auth.guard import Caller
from gateway.budgets.estimate import Asked
from gateway.config import Config, Route
from gateway.embedding.embedder import Embedder
from gateway.embedding.order import MODEL
from gateway.errors import Fault, Refusal
from gateway.openai_api import answer_body, edge, embedded, reckoning
from gateway.openai_api.account import Account
from gateway.openai_api.answer import Vectors
from gateway.openai_api.answering import Endpoint
from gateway.openai_api.body import decode_object, each_once
from gateway.openai_api.bounds import LARGE, NUMBERS
from gateway.openai_api.exchange import Shared
from gateway.openai_api.exchanges import PERSONA_PREFIX, Exchanges
from gateway.openai_api.life import Life
from gateway.openai_api.messages import opens, wrong
from gateway.openai_api.parameters import is_set
from gateway.openai_api.spelling import OURS, refuse_lookalikes
from gateway.personas import name as names
from gateway.turns.turn import Turn
from gateway.turns.usage import Usage
from gateway.upstreams.client import Response
from gateway.upstreams.masking import Mask
from gateway.upstreams.node import Node
from gateway.upstreams.pieces import Pieces, of_object

PATH = "/embeddings"
MODEL_LENGTH = 256


class Embeddings(Endpoint[Life]):
    """Answers requests for embeddings."""

    surface = "embeddings"

    def __init__(
        self, door: Door, exchanges: Exchanges, config: Config, embedder: Embedder | None = None
    ) -> None:
        """Without an `embedder` there is no model here that answers in an upstream's place."""
        super().__init__(door, exchanges.aside, config.server.max_body)
        self._exchanges = exchanges
        self._embedder = embedder
        self._upstream = config.embeddings.upstream or ""
        self._model = config.embeddings.model

    async def prepare(self, caller: Caller, body: bytes, incoming: edge.Incoming, started: float) -> Life:
        asked = await self._aside.run(len(body), partial(_checked, body))
        embedding = await self._prepare(caller, asked, incoming.request_id, started)
        if caller.workspace_id not in self._exchanges.ledger.known.free:
            purse = await self._exchanges.purse(caller, embedding.account.turn.persona_id)
            embedding.account.purse = purse
        return embedding

    async def give(self, prepared: Life, incoming: edge.Incoming, send: edge.Send) -> None:
        await self.answer(prepared, incoming, send)

    async def _prepare(
        self, caller: Caller, asked: "Asking", request_id: str, started: float
    ) -> "Embedding | embedded.Embedded":
        """Raises Refusal."""
        node = self._exchanges.shared.routing.nodes.get(self._upstream)
        if node is None and self._embedder is None:
            raise Refusal(Fault.EMBEDDINGS_UNSET, param="model")
        turn = Turn(
            id=ids.new("msg"),
            request_id=request_id,
            workspace_id=caller.workspace_id,
            key_id=caller.key_id,
            model=asked.model,
            stream=False,
            created_at=clock.now_ms(),
        )
        name = names.canonical(asked.model)
        if name.startswith(PERSONA_PREFIX):
            persona = await self._exchanges.registry.resolve(caller, name)
            turn.persona_id, turn.version_id = persona.persona_id, persona.version_id
            turn.version = persona.version
        account = Account(turn, started, None, "")
        account.bounds = caller.bounds
        if node is None:
            assert self._embedder is not None  # noqa: S101 - that is asked for above
            if turn.persona_id is None and asked.model not in ("", MODEL):
                raise _other_model(asked.model)
            order = await self._exchanges.aside.run(len(asked.body), partial(embedded.order, asked.fields))
            return embedded.Embedded(self._exchanges.shared, asked.body, order, account, self._embedder)
        if turn.persona_id is not None:
            asked = self._for_persona(asked)
        known = {*node.upstream.models, *node.upstream.prices}
        # A name that the caller made up must neither reach a head nor fill the memory for breakers.
        route = Route(node.name, asked.model if asked.model in known or asked.model == self._model else "")
        return Embedding(self._exchanges.shared, asked.body, account, route)

    def _for_persona(self, asked: "Asking") -> "Asking":
        """Put the upstream's own model in the place of a persona's name. Raises Refusal."""
        if self._model is None:
            message = "Personas embed by the model that `model` in the table [embeddings] names; set it."
            raise Refusal(Fault.EMBEDDINGS_UNSET, message, param="model")
        fields = {**asked.fields, "model": msgspec.Raw(msgspec.json.encode(self._model))}
        is_large = len(asked.body) > LARGE
        body = Pieces(of_object(fields)) if is_large else msgspec.json.encode(fields)
        return Asking(body, fields, self._model)


class Asking(NamedTuple):
    """A request as it came, each key once."""

    body: bytes | Pieces
    fields: dict[str, msgspec.Raw]
    model: str


def _other_model(model: str) -> Refusal:
    return Refusal(
        Fault.PERSONA_UNKNOWN,
        f"The model `{model[:100]}` does not embed here; `{MODEL}` and names of personas do, and `upstream` "
        "in the table [embeddings] names another place.",
        param="model",
    )


class Embedding(Life):
    """Answers one request for embeddings."""

    def __init__(self, shared: Shared, body: bytes | Pieces, account: Account, route: Route) -> None:
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
        body = await answer_body.whole(node, self._post(node), self._chat.max_answer)
        return Vectors(body, node.name, self._mask)

    async def _post(self, node: Node) -> Response:
        """Send it and return a response whose status is good. Raises UpstreamFailure."""
        response = await node.client.post(PATH, self._body, {})
        if 200 <= response.status < 300:
            return response
        raise (await answer_body.failed(node, response, self._mask))[0]


def _checked(body: bytes) -> Asking:
    """Take the body with each key once, its values as they were written. Raises Refusal."""
    fields = decode_object(body, NUMBERS)
    refuse_lookalikes(fields, OURS)
    return Asking(each_once(body, fields), fields, _model(fields))


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
