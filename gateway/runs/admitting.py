"""An intent is looked at as any text is, before a pipeline asks what only it wants to know."""

from gateway.budgets.ledger import Ledger, Spender
from gateway.config import Config
from gateway.drift.rules.check import Rules
from gateway.errors import Fault, Refusal
from gateway.moderation.moderation import Item
from gateway.moderation.moderator import Moderator
from gateway.personas.resolved import Resolved
from gateway.runs.asking import failed
from gateway.runs.run import Run
from gateway.upstreams.routing import Routing

BLOCKED = frozenset({"sexual/minors", "self-harm/instructions"})
"""Categories of which no persona is made, whatever its pipeline asks."""


class Admission:
    """Lets intents and instructions in; a story may have violence in it, so that few categories count."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        routing = Routing(config) if config.moderation.upstream is not None else None
        self._moderator = Moderator(config, routing, ledger, _no_rules)

    async def admit(self, run: Run) -> None:
        """Raises FailedError."""
        spender = Spender(run.workspace_id, run.owner)
        try:
            [found] = await self._moderator.moderate([Item(run.inputs.intent)], spender)
        except Refusal as refusal:
            raise failed(refusal.fault, refusal.message) from None
        if not BLOCKED.isdisjoint(found.flagged):
            raise failed(Fault.INTENT_BLOCKED)


def _no_rules(persona: Resolved) -> Rules:
    """An intent is no persona's text, so that nobody asks for rules."""
    raise LookupError(persona.label)
