"""A request for embeddings is answered by the model that comes with the gateway."""

import time
from typing import Any

import msgspec

from gateway.budgets.estimate import Asked
from gateway.config import Route
from gateway.embedding.embedder import Embedder, EmbedderAwayError, EmbedderFullError
from gateway.embedding.order import DIMENSIONS, MODEL, UPSTREAM, Order, Vectors
from gateway.errors import Fault, Refusal
from gateway.openai_api import reckoning
from gateway.openai_api.account import Account
from gateway.openai_api.exchange import Shared
from gateway.openai_api.life import Life
from gateway.openai_api.messages import wrong
from gateway.openai_api.parameters import is_set
from gateway.turns.usage import Usage
from gateway.upstreams.pieces import Pieces

ROUTE = Route(UPSTREAM, MODEL)
MOST = 256
"""Texts of one request."""
LONGEST = 16_384
"""Characters of one text."""
TOGETHER = 65_536
"""Characters of all texts of a request."""
SECONDS = 300.0
SIDES = {"query": True, "document": False, "passage": False, None: True}
"""It tells by `input_type` if a text is looked for; the model was taught to tell the two apart."""


class Embedded(Life):
    """Answers one request for embeddings that needs no upstream."""

    def __init__(
        self, shared: Shared, body: bytes | Pieces, order: Order, account: Account, embedder: Embedder
    ) -> None:
        super().__init__(account, (ROUTE,), shared.routing, shared.recorder, shared.chat)
        self._body = body
        self._order = order
        self._embedder = embedder

    def limit(self) -> float:
        return SECONDS

    async def fetch(self) -> bytes:
        account = self.account
        if account.purse is not None:
            asked = Asked(reckoning.embedded(self._body).prompt_tokens or 0, choices=0)
            account.turn.hold = await account.purse.reserve(asked, self._routes)
        trail = account.trail
        trail.route, trail.began, trail.attempts = ROUTE, time.perf_counter(), 1
        try:
            found = await self._embedder.embed(self._order)
        except EmbedderFullError:
            message = "Too many texts wait for the embedded model; try again in a moment."
            raise Refusal(Fault.UPSTREAM_FULL, message, headers={"retry-after": "2"}) from None
        except EmbedderAwayError:
            message = "The embedded model does not answer; try again in a moment."
            raise Refusal(Fault.PROVIDER_UNAVAILABLE, message) from None
        account.answered = time.perf_counter()
        self._source = _Source(found)
        return found.body

    def _reckon(self) -> Usage | None:
        return reckoning.embedded(self._body)


class _Source:
    """An answer of the model, which counts its own tokens."""

    finish_reason: str | None = None

    def __init__(self, found: Vectors) -> None:
        self.usage: Usage | None = Usage(found.tokens, None, found.tokens)


def order(fields: dict[str, msgspec.Raw]) -> Order:
    """Read what is to become vectors, and in which form. Raises Refusal."""
    named = {name: _value(fields, name) for name in ("input", "encoding_format", "dimensions", "input_type")}
    form: Any = named["encoding_format"] or "float"
    size, side = named["dimensions"], named["input_type"]
    if form not in ("float", "base64"):
        raise wrong("encoding_format", "must be `float` or `base64`")
    size = DIMENSIONS if size is None else size
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= DIMENSIONS:
        raise wrong("dimensions", f"must be a number from 1 to {DIMENSIONS}, the size of the model's vectors")
    if not isinstance(side, str | None) or side not in SIDES:
        raise wrong("input_type", "must be `query` or `document`")
    return Order(_texts(named["input"]), form, size, SIDES[side])


def _value(fields: dict[str, msgspec.Raw], name: str) -> Any:
    return msgspec.json.decode(fields[name]) if is_set(fields, name) else None


def _texts(given: Any) -> list[str]:
    """Raises Refusal."""
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise wrong("input", "must be a text or an array of texts, and not empty")
    if len(texts) > MOST:
        raise wrong("input", f"has more than {MOST} texts; send fewer at once")
    left = TOGETHER
    for at, text in enumerate(texts):
        place = "input" if text is given else f"input[{at}]"
        if isinstance(text, int | list):
            problem = "is made of tokens, which another model's tokenizer has made; send the text itself"
            raise wrong("input", problem, place)
        if not isinstance(text, str) or not text.strip():
            raise wrong("input", "must be a text with something in it", place)
        if len(text) > LONGEST:
            raise wrong("input", f"is longer than {LONGEST} characters; send it in pieces", place)
        left -= len(text)
    if left < 0:
        raise wrong("input", f"has more than {TOGETHER} characters in all; send fewer texts at once")
    return texts
