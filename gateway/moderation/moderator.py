"""The moderator of one process knows whom the configuration names to look at texts, and in which order."""

import asyncio
from collections.abc import Callable, Sequence

from gateway.budgets.ledger import Ledger, Spender
from gateway.config import Config
from gateway.drift.rules.check import Rules
from gateway.moderation import rules
from gateway.moderation.asked import Judge, Upstream
from gateway.moderation.lexical import Lexical
from gateway.moderation.moderation import Item, Moderation, Source, moderate
from gateway.personas.resolved import Resolved
from gateway.upstreams.routing import Routing


class Moderator:
    """Asks an upstream, else the judge, else the list of phrases."""

    def __init__(
        self,
        settings: Config,
        routing: Routing | None,
        ledger: Ledger,
        rules_of: Callable[[Resolved], Rules],
    ) -> None:
        """`rules_of` makes a version's rules ready, in a thread; without `routing` no upstream is asked."""
        self._settings = settings.moderation
        self._routing = routing
        self._judge = Judge(settings, ledger) if settings.moderation.judge is not None else None
        self._rules_of = rules_of

    @property
    def sees_pictures(self) -> bool:
        """Tell whether anybody is configured who looks at pictures."""
        return self._settings.upstream is not None

    async def moderate(
        self, items: Sequence[Item], spender: Spender, persona: Resolved | None = None
    ) -> list[Moderation]:
        """Look at texts; with a persona, as if it said them. Raises Refusal where a budget is spent."""
        found = await moderate(items, self._sources(spender))
        if persona is None:
            return found
        broken = await asyncio.to_thread(self._broken, persona, [item.text for item in items])
        return [one.joined(scores) for one, scores in zip(found, broken, strict=True)]

    async def close(self) -> None:
        if self._judge is not None:
            await self._judge.close()

    def _sources(self, spender: Spender) -> list[Source]:
        sources: list[Source] = []
        if self._settings.upstream is not None and self._routing is not None:
            sources.append(Upstream(self._routing, self._settings.upstream))
        if self._judge is not None:
            sources.append(self._judge.for_spender(spender))
        return [*sources, Lexical()]

    def _broken(self, persona: Resolved, texts: Sequence[str]) -> list[dict[str, float]]:
        known = self._rules_of(persona)
        return [rules.categories(known, text) for text in texts]
