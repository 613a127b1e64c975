"""A risky whole answer is judged before it goes out: a break is asked for anew once, then replaced."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gateway.errors import Fault, Refusal
from gateway.judge.judge import Judge
from gateway.openai_api import chunk as chunks
from gateway.openai_api.account import Account
from gateway.openai_api.answer import Answer
from gateway.openai_api.request import ChatRequest
from gateway.personas.resolved import Resolved
from gateway.scoring.transcript import Said
from gateway.turns.amendment import amended
from gateway.turns.turn import Usage
from gateway.upstreams.failure import NO_RETRY, UpstreamFailure

TOOLS = frozenset({"tool", "function"})
"""Roles of what tools have answered: what they did must not be done twice."""
TRIES = 2
"""Answers that are asked for, where the first one is a break."""


class Replacement:
    """The version's own words, in the place of an answer that is held back."""

    finish_reason: str | None = "stop"
    usage: Usage | None = None

    def __init__(self, answer: Answer, text: str) -> None:
        self._answer = answer
        self._text = text

    @property
    def is_large(self) -> bool:
        """Tells whether `encode` belongs in a thread."""
        return self._answer.is_large

    def said(self) -> list[Said]:
        return [Said(said.index, self._text) for said in self._answer.said()]

    def encode(self, model_json: bytes, persona_json: bytes) -> bytes | bytearray:
        """Encode the answer with these words in each of its choices."""
        message = {"role": "assistant", "content": self._text}
        choices = [
            {"index": said.index, "message": message, "finish_reason": self.finish_reason}
            for said in self.said()
        ]
        values = {"choices": msgspec.json.encode(choices), "model": model_json, "persona": persona_json}
        return chunks.with_keys(self._answer.body, values)


class Gate:
    """Where an answer of one request waits for its judgement."""

    def __init__(
        self,
        judge: Judge,
        account: Account,
        persona: Resolved,
        request: ChatRequest,
        again: Callable[[], Awaitable[Answer]],
        withhold: Callable[[], None],
    ) -> None:
        """`again` asks for another answer and scores it; `withhold` records the one that was held back."""
        self._judge = judge
        self._account = account
        self._persona = persona
        self._request = request
        self._again = again
        self._withhold = withhold

    async def passed(self, answer: Answer) -> Answer | Replacement:
        """Return the answer that may go out. Raises Refusal where there is none."""
        for left in reversed(range(TRIES)):
            if not await self._is_broken(answer):
                return answer
            has_called = self._has_called(answer.said())
            self._withhold()
            if has_called or not left:
                break
            try:
                answer = await self._again()
            except UpstreamFailure:
                break
        if self._persona.refusal:
            return Replacement(answer, self._persona.refusal)
        raise Refusal(Fault.ANSWER_WITHHELD, headers=NO_RETRY)

    async def _is_broken(self, answer: Answer) -> bool:
        """Have the answer judged where it is risky, and take the judgement into the turn."""
        turn, request = self._account.turn, self._request
        found = await self._judge.before_send(
            turn, self._persona, request.messages.each, len(request.body), answer.said()
        )
        if found is None:
            return False
        after = amended(turn, found)
        turn.drift, turn.coherence = after.drift, after.coherence
        turn.judge, turn.judged = after.judge, after.judged
        return turn.drift.verdict == "out-of-character"

    def _has_called(self, said: Sequence[Said]) -> bool:
        """Tell whether tools have been called, for this answer or by it."""
        return not TOOLS.isdisjoint(self._request.messages.roles) or any(each.called_tools for each in said)
