"""A long conversation is sent from as far back as the upstream's context takes."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from gateway.cache import Cache
from gateway.config import Upstream
from gateway.conversations import store
from gateway.conversations.conversation import Conversation
from gateway.conversations.message import Message
from gateway.conversations.posted import Posted
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.reckoning import A_MESSAGE, of_message
from gateway.personas.resolved import Resolved
from gateway.storage.connection import AsyncConnection
from gateway.turns.estimate import of_bytes
from gateway.turns.turn import Turn

CONTEXT = 8192
"""Tokens of a model whose context is not configured."""
ANSWER_SHARE = 8
"""One part in so many of the context is left for an answer that the caller does not limit."""
LIMITS = ("max_completion_tokens", "max_tokens")
STAYING = 2
"""Turns that always stay, however long they are."""
MOST_STAYING = 16 << 20
"""Characters of these, results of tools among them, which may come in any number of messages."""
TOO_LARGE = (
    f"The last {STAYING} turns have more than {MOST_STAYING >> 20} Mi characters; "
    "go on from an earlier message, by `parent`."
)
BLOCKS = 4
"""A window moves on by about one part in so many of its turns at once, so that upstreams find the beginning
of most requests in their caches, and the scorer what it remembers."""
PAGE = 64
"""Messages that are read at once."""
MODELS = 1000
LEARNT_FROM = 200
"""Tokens of a request from which on an upstream's count says something of its way of counting."""
WEIGHT = 0.2
"""The weight of the newest count among all before it."""
LEAST, MOST = 0.25, 4.0


class Window(NamedTuple):
    """This part of the history is sent."""

    messages: list[Message]
    """The path as far as it is sent, the oldest message first."""
    cut: int
    """Turns that are left out."""
    tokens: int
    """Tokens of the whole request, as they are estimated."""


class Windows:
    """Cuts histories to the context of who is asked, whose ways of counting are learnt from its counts."""

    def __init__(self, upstreams: dict[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._ratios: Cache[str, float] = Cache(MODELS)
        """By upstream and model, how many tokens it counts for one that is estimated."""

    async def read(
        self,
        connection: AsyncConnection,
        conversation: Conversation,
        leaf: str | None,
        persona: Resolved,
        posted: Posted,
    ) -> Window:
        """Read as much of the path as fits, and some more, page by page from its leaf up."""
        fixed = of_bytes(persona.prompt.json) + of_bytes(bytes(posted.parameters.get("tools", b"")))
        fixed += A_MESSAGE + sum(await weigh(posted.messages))
        room = self._room(persona, posted) - fixed
        found: list[Message] = []
        weights: list[int] = []
        staying = 0
        while leaf is not None:
            page = await store.back(connection, conversation, leaf, PAGE)
            found += page
            staying += _staying(found, page)
            if staying > MOST_STAYING:
                raise Refusal(Fault.REQUEST_TOO_LARGE, TOO_LARGE, param="parent")
            weights += await weigh([(message.body or "").encode() for message in page])
            leaf = page[-1].parent if page else None
            if sum(weights) > room and len({message.turn for message in found}) > STAYING:
                break
        messages, cut, tokens = fit(found[::-1], weights[::-1], room)
        return Window(messages, cut, tokens + fixed)

    def learn(self, turn: Turn, window: Window) -> None:
        """Learn from what the upstream has counted of a request."""
        counted, place = turn.usage.prompt_tokens, turn.upstream
        if turn.usage_source != "upstream" or counted is None or place is None or window.tokens < LEARNT_FROM:
            return
        before = self._ratios.recall(place) or 1.0
        now = max(LEAST, min(MOST, counted / window.tokens))
        self._ratios.keep(place, before + WEIGHT * (now - before))

    def _room(self, persona: Resolved, posted: Posted) -> int:
        """Return the estimated tokens that a request may have, whichever upstream of the persona answers."""
        rooms = []
        for route in persona.routes:
            upstream = self._upstreams.get(route.upstream)
            model = route.model or (upstream.default_model if upstream else None) or ""
            context = upstream.context.get(model, CONTEXT) if upstream else CONTEXT
            left = context - min(_answer(posted, persona) or context // ANSWER_SHARE, context // 2)
            rooms.append(int(left / (self._ratios.recall(str(route)) or 1.0)))
        return min(rooms, default=CONTEXT)


def fit(messages: Sequence[Message], weights: Sequence[int], room: int) -> tuple[list[Message], int, int]:
    """Keep the last turns that fit, and count those that are cut, and the tokens of the kept ones.

    `messages` come oldest first, each with its tokens.
    """
    sizes: dict[int, int] = {}
    for message, weight in zip(messages, weights, strict=True):
        sizes[message.turn] = sizes.get(message.turn, 0) + weight
    turns, total, start = sorted(sizes), 0, 0
    for at in reversed(range(len(turns))):
        total += sizes[turns[at]]
        if total > room and len(turns) - at > STAYING:
            start = at + 1
            break
    if start == 0:
        return list(messages), 0, total
    first = _in_blocks(turns[start], turns[-1])
    kept = [message for message in messages if message.turn >= first]
    return kept, first - 1, sum(size for turn, size in sizes.items() if turn >= first)


def _in_blocks(first: int, last: int) -> int:
    """Move the first turn of a window on to the beginning of a block, but leave those that always stay."""
    kept = last - first + 1
    block = 1 << max(0, (kept // BLOCKS).bit_length() - 1)
    return max(first, min(-(-(first - 1) // block) * block + 1, last - STAYING + 1))


def _staying(found: Sequence[Message], page: Sequence[Message]) -> int:
    """Return the characters of a page, the last part of what was found, that belong to turns that stay."""
    last = found[0].turn - STAYING
    return sum(len(message.body or "") for message in page if message.turn > last)


async def weigh(raws: Sequence[msgspec.Raw | bytes]) -> list[int]:
    """Estimate the tokens of each message; large ones are read in a thread."""

    def weights() -> list[int]:
        return [A_MESSAGE + of_message(raw) for raw in raws]

    size = sum(len(memoryview(raw)) for raw in raws)
    return await asyncio.to_thread(weights) if size > LARGE else weights()


def _answer(posted: Posted, persona: Resolved) -> int | None:
    """Return the tokens that the answer may have at most; `None` where nobody says."""
    for fields in (posted.parameters, persona.defaults):
        for name in LIMITS:
            value = bytes(fields.get(name, b""))
            if value.isdigit() and len(value) < 10:
                return int(value)
    return None
