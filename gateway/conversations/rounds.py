"""A message is answered in rounds: as long as the model calls tools of the gateway's, it is asked again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from gateway.config import Chat
from gateway.conversations.keeping import Keeping
from gateway.conversations.offer import Called, Offer, Split
from gateway.conversations.reply import Tokens
from gateway.openai_api.bounds import LARGE
from gateway.tools.toolbox import Toolbox, Use
from gateway.turns.turn import Turn

N = TypeVar("N", int, float)
CALLS = 16
"""Calls that one round may make; further ones are refused."""
LEAST_BYTES = 256
"""Bytes that a result has in any case, so that the model reads how a call has ended."""
NO_TIME = "No time is left for this tool."
TOO_MANY = "Too many tools were called at once."


class Spent(NamedTuple):
    """All rounds of one message took this; what one of them does not know, nobody does."""

    tokens: Tokens
    source: str | None
    usd: float | None


class Rounds:
    """Keeps the answer to one message, and holds what is said before it until then."""

    def __init__(self, keeping: Keeping, offer: Offer, chat: Chat) -> None:
        self.is_wanted = keeping.is_wanted
        self.keeping = keeping
        self.offer = offer
        self.uses: list[Use] = []
        self.said: list[msgspec.Raw] = []
        """The calls and results so far, as messages."""
        self.calling: Split | None = None
        """The calls that the last answer has made, which is not kept yet."""
        self._turns: list[Turn] = []
        self._left = chat.tool_rounds
        self._seconds = chat.tool_seconds
        self._bytes = chat.tool_bytes

    @property
    def is_first(self) -> bool:
        return not self._turns

    @property
    def is_last(self) -> bool:
        """Tell whether no further tools may be called."""
        return self._left <= 0 or self._seconds <= 0 or self._bytes <= 0

    @property
    def seconds(self) -> float:
        """Seconds that are left for tools."""
        return max(self._seconds, 0.0)

    def spent(self, turn: Turn) -> Spent:
        """Sum up what all rounds have taken; the answer's turn is the last one."""
        turns = [*self._turns, turn]
        sources = {turn.usage_source for turn in turns}
        source = "estimated" if "estimated" in sources else turns[-1].usage_source
        asked = _sum([turn.usage.prompt_tokens for turn in turns])
        answered = _sum([turn.usage.completion_tokens for turn in turns])
        return Spent(Tokens(asked, answered), source, _sum([turn.cost_usd for turn in turns]))

    async def keep(self, turn: Turn, message: bytes) -> None:
        """Keep an answer durably, or hold one that calls tools of the gateway's. Raises Refusal."""
        is_large = len(message) > LARGE
        split = await asyncio.to_thread(self.offer.split, message) if is_large else self.offer.split(message)
        if split is None:
            await self.keeping.keep(turn, message)
        elif self.is_last:
            await self.keeping.keep(turn, split.plain)
        else:
            self.calling = split

    async def call(self, toolbox: Toolbox, turn: Turn, tell: Callable[[Use], None]) -> bytes | None:
        """Call what the last answer calls, and return what is left of it for the caller, if anything."""
        split, self.calling = self.calling, None
        assert split is not None  # noqa: S101 - somebody has seen it
        started, share = time.monotonic(), max(LEAST_BYTES, self._bytes // len(split.ours))
        results = await asyncio.gather(
            *(self._result(toolbox, each, at, share, tell) for at, each in enumerate(split.ours))
        )
        self._left -= 1
        self._seconds -= time.monotonic() - started
        self._bytes -= len(split.asking) + sum(len(memoryview(result)) for result in results)
        self.said += [msgspec.Raw(split.asking), *results]
        is_answer = split.rest is None
        self.keeping.hold(turn, split.asking, results, is_answer=is_answer)
        if is_answer:
            self._turns.append(turn)
        return split.rest

    async def _result(
        self, toolbox: Toolbox, called: Called, at: int, share: int, tell: Callable[[Use], None]
    ) -> msgspec.Raw:
        name = called.offered.name
        if at >= CALLS:
            use, text = Use(name, 0.0, "refused"), TOO_MANY
        elif self._seconds <= 0:
            use, text = Use(name, 0.0, "timed_out"), NO_TIME
        else:
            use, text = await toolbox.call(called.offered, called.arguments, self._seconds, share)
        self.uses.append(use)
        tell(use)
        return msgspec.Raw(msgspec.json.encode({"role": "tool", "tool_call_id": called.id, "content": text}))


def _sum(amounts: Sequence[N | None]) -> N | None:
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        return None
    total = known[0]
    for amount in known[1:]:
        total += amount
    return total
