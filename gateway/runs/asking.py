"""A step asks a model one structured question, within the budgets, and once more where the answer is none."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from gateway import config
from gateway.budgets.estimate import Asked
from gateway.budgets.ledger import Ledger, Spender
from gateway.config import Config, Route
from gateway.envelope import native_error
from gateway.errors import Fault, Refusal
from gateway.personas.shape import faults, shorter, strict
from gateway.runs.pipeline import Pipeline, Stage
from gateway.runs.run import Run
from gateway.turns import charging
from gateway.turns.usage import Usage, total
from gateway.turns.usage import read as read_usage
from gateway.upstreams.prices import Prices
from gateway.upstreams.structured import RETRIES, Structured
from gateway.work.work import FailedError

SECONDS = 120.0
CHARACTERS = 3
"""Characters of a token in most languages, for models that do not tell what an answer took."""
FRAME = 64
"""Tokens, at most, of what stands around two messages and a schema."""
NO_JSON = "it is no JSON"
SHOWN = 5
"""Faults of an answer that the model is told."""


class Spent(NamedTuple):
    tokens: int = 0
    cost_usd: float | None = 0.0

    def plus(self, tokens: int, cost_usd: float | None) -> "Spent":
        known = self.cost_usd is not None and cost_usd is not None
        return Spent(self.tokens + tokens, (self.cost_usd or 0) + (cost_usd or 0) if known else None)


class Meter:
    """Counts what one step takes, calls that come to nothing included."""

    def __init__(self, before: Spent) -> None:
        self._before = before
        self.taken = Spent()
        self.is_demonstration = False
        """Tells that the bundled model has answered."""

    @property
    def total(self) -> Spent:
        """The run has taken this so far."""
        return self._before.plus(*self.taken)

    def add(self, route: Route, usage: Usage, cost_usd: float | None) -> None:
        self.taken = self.taken.plus(total(usage), cost_usd)
        self.is_demonstration |= route.upstream == config.LOCAL


def failed(fault: Fault, message: str | None = None, **more: Any) -> FailedError:
    """Make the error that ends a run, in the native form."""
    error = dict(native_error(Refusal(fault, message, **more), "", ""))
    return FailedError({name: value for name, value in error.items() if value != ""})


class Asker:
    """Asks the models that generate, in their order."""

    def __init__(self, settings: Config, ledger: Ledger, prices: Prices) -> None:
        self._config = settings
        self._ledger = ledger
        self._prices = prices
        named = settings.generation.upstream
        self._routes = [config.route(settings, named)] if named else config.order(settings)
        self.is_demonstration = bool(self._routes) and self._routes[0].upstream == config.LOCAL
        """Tells that the bundled model is asked first, which talks and does not think."""

    async def ask(
        self,
        run: Run,
        pipeline: Pipeline,
        stage: Stage,
        known: Mapping[str, Any],
        meter: Meter,
        seed: int,
        check: Callable[[Any], str] = lambda _: "",
    ) -> Any:
        """Ask for a step's answer; `check` says what is wrong with one that has the right form.

        Raises FailedError.
        """
        system, question = pipeline.system.format_map(known), stage.ask.format_map(known)
        told, wrong = question, ""
        for attempt in range(2):
            reply = await self._asked(run, pipeline, stage, (system, told), meter, seed + attempt)
            self._require_within(run, meter.total.cost_usd)
            value, wrong = _read(reply, stage)
            wrong = wrong or check(value)
            if not wrong:
                return value
            told = f"{question}\n\nYour last answer was refused: {wrong}."
            if wrong == NO_JSON:
                # It was probably cut where it had become too long.
                room = most_tokens(pipeline, stage) // 2
                stage = msgspec.structs.replace(stage, schema=shorter(stage.schema, room))
        message = f"The model's answer to the step `{stage.name}` was refused twice: {wrong}."
        raise failed(Fault.STEP_FAILED, message)

    async def _asked(
        self, run: Run, pipeline: Pipeline, stage: Stage, texts: tuple[str, str], meter: Meter, seed: int
    ) -> str | None:
        from openai import APITimeoutError, OpenAIError

        reasons = []
        asked = _most(pipeline, stage, *texts)
        for route in self._order(pipeline, stage):
            self._require_within(run, self._bound(run, route, asked, meter.total))
            model = self._model(pipeline, stage, route, seed)
            # Who is cut short is charged for what was sent.
            usage = _guessed(*texts, None)
            try:
                spender = Spender(run.workspace_id, run.owner, run.persona_id)
                async with self._ledger.call(spender, asked, route) as call:
                    reply = await model.ask(*texts)
                    usage = call.usage = read_usage(reply.usage) or _guessed(*texts, reply.text)
            except OpenAIError as error:
                # Its message may quote what was sent.
                reasons.append(f"`{route.upstream}` ({type(error).__name__})")
                usage = usage if isinstance(error, APITimeoutError) else Usage(0, 0)
            except Refusal as refusal:
                usage = Usage(0, 0)
                raise failed(refusal.fault, refusal.message) from None
            else:
                return reply.text
            finally:
                if total(usage):
                    meter.add(route, usage, self._cost(route, usage))
                await model.close()
        message = f"No upstream answered the step `{stage.name}`: {', '.join(reasons)}; try again later."
        raise failed(Fault.PROVIDER_UNAVAILABLE, message)

    def _order(self, pipeline: Pipeline, stage: Stage) -> list[Route]:
        named = stage.upstream or pipeline.upstream
        try:
            return [config.route(self._config, named)] if named else self._routes
        except config.ConfigError as error:
            # The upstream was there when the run began.
            raise failed(Fault.PROVIDER_UNAVAILABLE, str(error)) from None

    def _model(self, pipeline: Pipeline, stage: Stage, route: Route, seed: int) -> Structured:
        heat = pipeline.temperature if stage.temperature is None else stage.temperature
        parameters = {"temperature": heat, "seed": seed, "max_tokens": most_tokens(pipeline, stage)}
        upstream = self._config.upstreams[route.upstream]
        return Structured(upstream, route.model, strict(stage.schema), SECONDS, parameters)

    def _cost(self, route: Route, usage: Usage) -> float | None:
        tariff = self._prices.of(route)
        return None if tariff is None else charging.cost(tariff, usage)

    def _bound(self, run: Run, route: Route, asked: Asked, spent: Spent) -> float | None:
        """Say what the run may have cost after this call, at most."""
        if run.inputs.budget_usd is None:
            return None
        tariff = self._prices.of(route)
        if tariff is None or spent.cost_usd is None:
            message = f"`budget_usd` needs a price for `{route}`; its operator adds it to `prices`."
            raise failed(Fault.PRICE_UNKNOWN, message)
        return spent.cost_usd + tariff.cost(asked.prompt, (asked.answer or 0) * asked.choices)

    @staticmethod
    def _require_within(run: Run, cost_usd: float | None) -> None:
        budget = run.inputs.budget_usd
        if budget is not None and cost_usd is not None and cost_usd > budget:
            message = f"Run aborted: {_dollars(cost_usd)} exceeds budget {_dollars(budget)}."
            raise failed(Fault.RUN_OVER_BUDGET, message)


def most_tokens(pipeline: Pipeline, stage: Stage) -> int:
    """Return the most tokens that an answer to the step may have."""
    return stage.max_tokens or pipeline.max_tokens


def _most(pipeline: Pipeline, stage: Stage, system: str, question: str) -> Asked:
    """Say what a call may take, with its repetitions: no token is shorter than a byte."""
    sent = (system, question, msgspec.json.encode(strict(stage.schema)).decode())
    tries = 1 + RETRIES
    return Asked(
        (sum(len(each.encode()) for each in sent) + FRAME) * tries, most_tokens(pipeline, stage), tries
    )


def _guessed(system: str, question: str, text: str | None) -> Usage:
    prompt, answer = len(system) + len(question), len(text or "")
    return Usage(prompt // CHARACTERS + 1, answer // CHARACTERS + 1)


def _read(reply: str | None, stage: Stage) -> tuple[Any, str]:
    """Decode an answer, and say what is wrong with it; an empty text means that nothing is."""
    try:
        value = msgspec.json.decode((reply or "").encode())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None, NO_JSON
    found = list(faults(value, stage.schema))[:SHOWN]
    return value, "; ".join(found)


def _dollars(usd: float) -> str:
    """Write cents, or as many digits as a smaller amount needs."""
    return f"${usd:.2f}" if usd >= 0.01 else f"${usd:.6f}"
