"""The court asks the judge about one answer, within the budget, and believes what can be checked."""

import asyncio
from collections.abc import Sequence

import msgspec

from gateway import clock, config
from gateway.budgets.estimate import Asked
from gateway.budgets.ledger import Ledger, Spender
from gateway.config import Config
from gateway.drift.character import Character
from gateway.judge import judgement
from gateway.judge.brief import INSTRUCTIONS, Brief, brief
from gateway.judge.budget import Budget
from gateway.judge.judgement import Finding
from gateway.scoring.transcript import Said
from gateway.turns import charging
from gateway.turns.turn import Judgement
from gateway.turns.usage import Usage
from gateway.turns.usage import read as read_usage
from gateway.upstreams.prices import Prices
from gateway.upstreams.structured import Structured

CHARACTERS = 3
"""Characters of a token, at least, in most languages: an estimate of what a question costs."""
ANSWER_TOKENS = 300
"""Tokens of a judge's answer, at most, by the same estimate."""


class OverBudgetError(Exception):
    """The judge may not be asked again within this hour."""


class Court:
    """The judge of one worker, which has its part of the budget."""

    def __init__(self, settings: Config, ledger: Ledger) -> None:
        judge, workers = settings.drift.judge, settings.server.workers
        self._route = config.route(settings, judge.upstream or "")
        upstream = settings.upstreams[self._route.upstream]
        self._ledger = ledger
        self._tariff = Prices(settings).of(self._route)
        self._seconds = judge.timeout
        self._model = Structured(upstream, self._route.model, judgement.SCHEMA, judge.timeout)
        calls, usd = judge.calls_per_hour, judge.usd_per_hour
        self._budget = Budget(
            None if calls is None else calls // workers, None if usd is None else usd / workers
        )

    async def judge(
        self,
        workspace_id: str,
        character: Character,
        messages: Sequence[msgspec.Raw],
        said: Said,
        bases: Sequence[str],
        *,
        is_risky: bool,
    ) -> Judgement:
        """Ask about an answer that touches these `bases`.

        It is paid for by the workspace. Raises OverBudgetError, DiscardedError, Refusal where a budget of the
        workspace has too little left, and any error that asking the judge may end in.
        """
        asked = await asyncio.to_thread(brief, character, messages, said.text, bases)
        spending = self._budget.reserve(self._estimate(asked), is_risky=is_risky)
        if spending is None:
            raise OverBudgetError
        async with self._ledger.call(Spender(workspace_id), self._asked(asked), self._route) as call:
            async with asyncio.timeout(self._seconds):
                reply = await self._model.ask(INSTRUCTIONS, asked.question)
            call.usage = read_usage(reply.usage)
        usage = call.usage or Usage()
        cost = None if self._tariff is None else charging.cost(self._tariff, usage)
        if cost:
            self._budget.settle(spending, cost)
        found = judgement.weigh(reply.text, asked.answer, asked.offered, asked.rules)
        return self._judgement(said, asked, found, usage, cost)

    async def close(self) -> None:
        """Drop all connections."""
        await self._model.close()

    def _estimate(self, asked: Brief) -> float:
        """Dollars that the question may cost, rather too many."""
        tokens, answer, _ = self._asked(asked)
        return 0.0 if self._tariff is None else self._tariff.cost(tokens, answer or 0)

    @staticmethod
    def _asked(asked: Brief) -> Asked:
        return Asked((len(INSTRUCTIONS) + len(asked.question)) // CHARACTERS, ANSWER_TOKENS)

    def _judgement(
        self, said: Said, asked: Brief, found: Finding, usage: Usage, cost: float | None
    ) -> Judgement:
        opinion = found.opinion
        return Judgement(
            voice=opinion.voice,
            values=opinion.values,
            rules=opinion.rules,
            coherence=opinion.coherence,
            contradicted_field=opinion.contradicted_field,
            broken_rule=opinion.broken_rule,
            severity=asked.rules.get(opinion.broken_rule or ""),
            start=found.start,
            end=found.end,
            choice=said.index,
            model=str(self._route),
            usage=usage,
            cost_usd=cost,
            at=clock.iso(clock.now_ms()),
        )
