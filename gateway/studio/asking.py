"""Questions of jobs go to the models that generate, within the budgets of whoever asked for the job."""

from typing import Any

from gateway.budgets.ledger import Ledger
from gateway.budgets.upkeep import Upkeep
from gateway.config import Config
from gateway.runs.asking import Asker, Meter, Spent
from gateway.runs.pipeline import Pipeline, Stage
from gateway.runs.run import Inputs, Run
from gateway.storage.database import Database
from gateway.studio.job import Job
from gateway.upstreams.prices import Prices

TOKENS = 2000
"""Tokens of an answer, at most."""


class Questioner:
    """Asks for one work process."""

    def __init__(self, config: Config, database: Database) -> None:
        prices = Prices(config)
        ledger = Ledger(database, config, prices)
        self._upkeep = Upkeep(database, ledger, prices)
        self._asker = Asker(config, ledger, prices)
        self.is_demonstration = self._asker.is_demonstration

    async def be_ready(self) -> None:
        """Keep to budgets from now on."""
        await self._upkeep.begin()

    async def ask(
        self,
        job: Job,
        step: str,
        system: str,
        question: str,
        schema: dict[str, Any],
        *,
        seed: int,
        temperature: float = 0.7,
        tokens: int = TOKENS,
    ) -> Any:
        """Ask until an answer fits the schema, twice at most. Raises FailedError."""
        pipeline = Pipeline(name=job.kind, system="{system}", steps=(), max_tokens=tokens)
        stage = Stage(name=step, ask="{question}", schema=schema, temperature=temperature)
        known = {"system": system, "question": question}
        return await self._asker.ask(_as_run(job), pipeline, stage, known, Meter(Spent()), seed)


def quoted(text: str) -> str:
    """Take from a text what could end its own quotation."""
    return text.replace("<", "‹").replace(">", "›")


def _as_run(job: Job) -> Run:
    """Give the asker what it knows whoever asks by: a run without a budget of its own."""
    return Run(
        seq=0,
        id=job.id,
        workspace_id=job.workspace_id,
        owner=job.owner or None,
        key_id=job.key_id,
        is_private=True,
        status="running",
        inputs=Inputs(intent="", language="en", visibility="private", seed=0),
        pipeline=job.kind,
        fingerprint="",
        persona_id=None,
        error=None,
        cost_usd=None,
        tokens=0,
        created_at=job.created_at,
        ended_at=None,
    )
