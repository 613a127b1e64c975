"""A whole answer is given: this module alone decides how it comes about."""

import asyncio
import time

from gateway.errors import Refusal
from gateway.judge.judge import Judge
from gateway.openai_api.answer import Answer
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.keeping import kept_by
from gateway.openai_api.withholding import TRIES, Replacement, may_ask_again, replaced
from gateway.personas.resolved import Resolved
from gateway.upstreams.failure import UpstreamFailure


class Whole(Exchange):
    """Answers one chat request in one piece."""

    def limit(self) -> float:
        limit, judge = super().limit(), self._judge_before()
        return limit if judge is None else TRIES * (limit + judge.seconds)

    async def fetch(self) -> bytes | bytearray:
        account, judge, persona = self.account, self._judge_before(), self.account.persona
        if self._shared.moderation is not None:
            await self._admit(self._shared.moderation)
        if persona is None:
            answered = await self._answered()
            return await asyncio.to_thread(answered.plain) if answered.is_large else answered.plain()
        answer = await (self._answered() if judge is None else self._judged(judge, persona))
        if self._keeper is not None:
            await kept_by(self._keeper, account.turn, answer, is_large=answer.is_large)
        model, identity = persona.model_json, account.persona_json()
        if answer.is_large:
            return await asyncio.to_thread(answer.encode, model, identity)
        return answer.encode(model, identity)

    def _judge_before(self) -> Judge | None:
        """The judge, where answers wait for it."""
        judge = self._shared.judge
        return judge if judge is not None and judge.holds_back else None

    async def _answered(self) -> Answer:
        """Ask for a whole answer, and score it. Raises UpstreamFailure."""
        account, routing, routes = self.account, self._shared.routing, self._usable()
        if account.purse is not None:
            await self._reserve(routes)
        self._until = max(self._until, time.monotonic() + self._chat.retry_for)
        answer = await routing.first(routes, self._asking.fetch, account.trail, self._until)
        self._note_answered()
        self._source = self._said = answer
        if account.persona is not None:
            job = self._score(answer)
            if job.future is not None:
                await job.future
            self._take(job)
        return answer

    async def _judged(self, judge: Judge, persona: Resolved) -> Answer | Replacement:
        """Ask until an answer passes the judge, or take other words. Raises UpstreamFailure, Refusal."""
        answer, tries, roles = await self._answered(), 1, self.request.messages.roles
        while await self._is_broken(judge, persona, answer):
            self._withhold()
            if not may_ask_again(tries, roles, answer.said()):
                break
            try:
                answer, tries = await self._answered(), tries + 1
            except (UpstreamFailure, Refusal):
                break
        else:
            return answer
        self._source = self._said = instead = replaced(answer, persona.refusal)
        return instead

    async def _is_broken(self, judge: Judge, persona: Resolved, answer: Answer) -> bool:
        """Have the answer judged where it is risky, and take the judgement into the turn."""
        account, request = self.account, self.request
        found = await judge.before_send(
            account.turn, persona, request.messages.each, len(request.body), answer.said()
        )
        if found is None:
            return False
        account.judge(found)
        return account.turn.drift.verdict == "out-of-character"

    def _withhold(self) -> None:
        """Record the answer that is held back, which has its own turn."""
        self._record(self.account.withhold(self._source, self._reckon, self._shared.routing.prices))
        self._source = self._said = self._job = None
